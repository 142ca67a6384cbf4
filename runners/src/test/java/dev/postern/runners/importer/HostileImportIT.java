package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.testing.SafetensorsWriter;
import dev.postern.runners.testing.TinyFamily;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.wire.BadRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whole imports of files that were cut, or had bytes exchanged, anywhere. Each is refused in a
 * sentence, or gives a folder that opens; nothing is left of the refused ones.
 */
class HostileImportIT {
  private static final int ROUNDS = 60;

  /** What stands in JSON, so that a good part of what is damaged can still be parsed. */
  private static final byte[] SIGNS =
      "0123456789-e.,:[]{}\"nulltruefalse\\".getBytes(StandardCharsets.US_ASCII);

  private static final EngineConfig ENGINE =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(1)
          .withCacheBytes(16 << 20);

  @TempDir private Path folder;
  private Path cache;
  private final Random random = new Random(20261124);

  @BeforeEach
  void cache() {
    cache = folder.resolve("cache");
  }

  /** Imports what a round has damaged. */
  private interface Import {
    Path run() throws IOException;
  }

  private void eitherRefusesOrImports(Map<Path, byte[]> files, Import imports) throws IOException {
    var parts = List.copyOf(files.entrySet());
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var part = parts.get(random.nextInt(parts.size()));
      Path victim = part.getKey();
      byte[] sound = part.getValue();
      Files.write(victim, damaged(sound, !victim.toString().endsWith("json")));
      try {
        assertThat(imports.run()).isDirectory();
      } catch (ImportException expected) {
        refused++;
        assertThat(expected).hasMessageStartingWith("The model").hasMessageNotContaining("null");
        requireNothingLeft();
      }
      Files.write(victim, sound);
    }
    assertThat(refused).isBetween(ROUNDS / 10, ROUNDS);
  }

  private byte[] damaged(byte[] sound, boolean binary) {
    if (random.nextInt(6) == 0) {
      return Arrays.copyOf(sound, random.nextInt(sound.length));
    }
    byte[] bytes = sound.clone();
    // Half of the hits are where the directories are.
    int reach = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 5000);
    for (int hits = 1 + random.nextInt(4); hits > 0; hits--) {
      bytes[random.nextInt(reach)] =
          binary && random.nextBoolean()
              ? (byte) random.nextInt(256)
              : SIGNS[random.nextInt(SIGNS.length)];
    }
    return bytes;
  }

  private void requireNothingLeft() throws IOException {
    Path models = cache.resolve("models");
    if (Files.isDirectory(models)) {
      try (Stream<Path> left = Files.list(models)) {
        assertThat(left.filter(path -> path.getFileName().toString().startsWith("."))).isEmpty();
      }
    }
  }

  private static Map<Path, byte[]> read(Path source, String... names) throws IOException {
    Map<Path, byte[]> files = new TreeMap<>();
    for (String name : names) {
      files.put(source.resolve(name), Files.readAllBytes(source.resolve(name)));
    }
    return files;
  }

  private Path decoder(Path source) throws IOException {
    Path model =
        new ModelImport(cache, new FloatFormat()).run(source, null, ImportProgress.NONE).path();
    try (var generator = OnnxGenerator.open(model, ENGINE)) {
      generator.renderChat(Conversation.of(List.of(Turn.of("user", "Hi"))));
      assertThat(generator.tokenizer().encode("Hi", false)).isNotEmpty();
    } catch (OrtException failure) {
      throw new AssertionError(failure);
    } catch (BadRequest templates) {
      assertThat(templates).hasMessageContaining("template");
    }
    return model;
  }

  @Test
  void ofAGguf() throws IOException {
    Path file = folder.resolve("model.gguf");
    Files.write(file, TinyLlama.gguf(1));
    eitherRefusesOrImports(read(folder, "model.gguf"), () -> decoder(file));
  }

  @Test
  void ofAFolderOfShards() throws IOException {
    var family = TinyFamily.read("llama2");
    Path source = family.write(folder.resolve("source"));
    Files.move(source.resolve("model.safetensors"), source.resolve("a.safetensors"));
    Files.write(
        source.resolve("b.safetensors"),
        new SafetensorsWriter()
            .floats("model.layers.0.self_attn.rotary_emb.inv_freq", new float[2], 2)
            .bytes());
    Files.writeString(
        source.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"x\":\"a.safetensors\",\"y\":\"b.safetensors\"}}");
    Files.writeString(
        source.resolve("tokenizer_config.json"),
        "{\"bos_token\":{\"content\":\"<|im_start|>\"},\"eos_token\":\"<|im_end|>\","
            + "\"chat_template\":\"{{ messages[0].content }}\"}");
    Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\":[2,0]}");
    eitherRefusesOrImports(
        read(
            source,
            "config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "generation_config.json",
            "model.safetensors.index.json",
            "a.safetensors",
            "b.safetensors"),
        () -> decoder(source));
  }

  @Test
  void ofAnEncoder() throws IOException {
    Path source = EncoderReferenceIT.write(folder, EncoderReferenceIT.fixture("bert"));
    Files.createDirectories(source.resolve("1_Pooling"));
    Files.writeString(
        source.resolve("1_Pooling/config.json"), "{\"pooling_mode_mean_tokens\":true}");
    Files.writeString(source.resolve("sentence_bert_config.json"), "{\"max_seq_length\":100}");
    eitherRefusesOrImports(
        read(
            source,
            "config.json",
            "tokenizer.json",
            "1_Pooling/config.json",
            "sentence_bert_config.json",
            "model.safetensors"),
        () -> new EncoderImport(cache).run(source, ImportProgress.NONE).path());
  }
}
