package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.GgufWriter;
import dev.postern.runners.testing.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelImportIT {
  @TempDir private Path folder;
  private Path cache;
  private ModelImport imports;

  @BeforeEach
  void prepare() {
    cache = folder.resolve("cache");
    imports = new ModelImport(cache, new BlockInt8Format());
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model.gguf"), bytes);
  }

  private void refuses(byte[] bytes, String reason) {
    assertThatThrownBy(() -> imports.run(file(bytes), null, ImportProgress.NONE))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining(reason);
    try (Stream<Path> left = Files.list(cache.resolve("models"))) {
      assertThat(left).isEmpty();
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  @Test
  void makesAFolderNamedByItsManifest() throws IOException {
    ModelFolder model = imports.run(file(TinyLlama.gguf(1)), "a test", ImportProgress.NONE);
    assertThat(model.digest()).isEqualTo("sha256:" + model.path().getFileName());
    assertThat(model.path()).isDirectoryContaining("glob:**weights.bin");
    model.verify();
    ModelCard card = model.card();
    assertThat(card.name()).isEqualTo("Tiny Llama");
    assertThat(card.role()).isEqualTo("chat");
    assertThat(card.contextLength()).isEqualTo(TinyLlama.CONTEXT);
    assertThat(card.licence()).isEqualTo("apache-2.0");
    assertThat(card.source()).isEqualTo("a test");
    assertThat(ModelFolder.list(cache)).containsExactly(model);
  }

  @Test
  void convertsTheSameSourceOnce() throws IOException {
    Path source = file(TinyLlama.gguf(1));
    ModelFolder first = imports.run(source, null, ImportProgress.NONE);
    List<ImportProgress.Phase> phases = new ArrayList<>();
    ModelFolder second = imports.run(source, null, (phase, done, total) -> phases.add(phase));
    assertThat(second).isEqualTo(first);
    assertThat(phases).containsOnly(ImportProgress.Phase.IDENTIFY);
  }

  @Test
  void givesTheSameDigestOnEveryMachine() throws IOException {
    Path source = file(TinyLlama.gguf(1));
    ModelFolder here = imports.run(source, null, ImportProgress.NONE);
    var elsewhere = new ModelImport(folder.resolve("other"), new BlockInt8Format());
    assertThat(elsewhere.run(source, null, ImportProgress.NONE).digest()).isEqualTo(here.digest());
  }

  @Test
  void keepsSourcesAndFormatsApart() throws IOException {
    var floats = new ModelImport(cache, new FloatFormat());
    String first = imports.run(file(TinyLlama.gguf(1)), null, ImportProgress.NONE).digest();
    String asFloats = floats.run(file(TinyLlama.gguf(1)), null, ImportProgress.NONE).digest();
    String second = imports.run(file(TinyLlama.gguf(2)), null, ImportProgress.NONE).digest();
    assertThat(List.of(first, asFloats, second)).doesNotHaveDuplicates();
    assertThat(ModelFolder.list(cache)).hasSize(3);
  }

  @Test
  void reportsEachPhaseToItsEnd() throws IOException {
    List<ImportProgress.Phase> ended = new ArrayList<>();
    imports.run(
        file(TinyLlama.gguf(1)),
        null,
        (phase, done, total) -> {
          if (done == total && !ended.contains(phase)) {
            ended.add(phase);
          }
        });
    assertThat(ended)
        .containsExactly(
            ImportProgress.Phase.IDENTIFY, ImportProgress.Phase.CONVERT, ImportProgress.Phase.SEAL);
  }

  @Test
  void replacesADamagedFolder() throws IOException {
    Path source = file(TinyLlama.gguf(1));
    ModelFolder model = imports.run(source, null, ImportProgress.NONE);
    Files.write(model.path().resolve(ModelFolder.WEIGHTS), new byte[10]);
    assertThatThrownBy(() -> ModelFolder.open(model.path()))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("cut short");
    ModelFolder again = imports.run(source, null, ImportProgress.NONE);
    assertThat(again).isEqualTo(model);
    again.verify();
  }

  @Test
  void refusesWhatItWouldGetWrong() {
    refuses(
        TinyLlama.describe(new GgufWriter(), "mamba", "gpt-2", 1).bytes(),
        "its architecture is 'mamba'; known are llama, mistral");
    refuses(
        TinyLlama.describe(new GgufWriter(), "llama", "unheard-of", 1).bytes(),
        "its pre-tokenizer 'unheard-of' is not known");
    refuses(
        TinyLlama.describe(new GgufWriter(), "llama", "gpt-2", 1)
            .tensor("blk.0.attn_output.bias", 0, GgufWriter.floats(1, 2), 2)
            .bytes(),
        "'blk.0.attn_output.bias' that models of its family do not have");
    refuses(
        TinyLlama.describe(new GgufWriter().whole("llama.expert_count", 8), "llama", "gpt-2", 1)
            .bytes(),
        "mixture of experts");
    refuses(
        TinyLlama.describe(
                new GgufWriter().text("llama.rope.scaling.type", "spiral"), "llama", "gpt-2", 1)
            .bytes(),
        "rope scaling 'spiral'");
  }
}
