package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.SafetensorsWriter;
import dev.postern.runners.testing.TinyFamily;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceImportIT {
  private static final TinyFamily LLAMA = TinyFamily.read("llama2");

  @TempDir private Path folder;
  private Path source;
  private ModelImport imports;

  @BeforeEach
  void write() throws IOException {
    source = LLAMA.write(folder.resolve("Tiny-Llama"));
    imports = new ModelImport(folder.resolve("cache"), new FloatFormat());
  }

  private ModelFolder run() throws IOException {
    return imports.run(source, null, ImportProgress.NONE);
  }

  private void refuses(String reason) {
    assertThatThrownBy(this::run).isInstanceOf(ImportException.class).hasMessageContaining(reason);
    try (Stream<Path> left = Files.list(folder.resolve("cache").resolve("models"))) {
      assertThat(left).isEmpty();
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private void weights(byte[] bytes) throws IOException {
    Files.write(source.resolve("model.safetensors"), bytes);
  }

  private void config(Consumer<ObjectNode> change) throws IOException {
    ObjectNode config = LLAMA.config();
    change.accept(config);
    Files.writeString(source.resolve("config.json"), config.toString());
  }

  private static String weightsOf(ModelFolder model) {
    return Objects.requireNonNull(model.manifest().files().get(ModelFolder.WEIGHTS)).sha256();
  }

  @Test
  void describesTheModelByTheFilesBesideIt() throws IOException {
    Files.writeString(source.resolve("README.md"), "---\nlicense: apache-2.0\n---\n# Tiny\n");
    Files.writeString(source.resolve("chat_template.jinja"), "{{ messages[0].content }}");
    Files.writeString(
        source.resolve("tokenizer_config.json"),
        "{\"bos_token\":{\"content\":\"<|im_start|>\"},\"eos_token\":\"<|im_end|>\"}");
    Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\":[2,0,99999]}");
    ModelManifest manifest = run().manifest();
    assertThat(manifest.name()).isEqualTo("Tiny-Llama");
    assertThat(manifest.licence()).isEqualTo("apache-2.0");
    assertThat(manifest.chatTemplate()).isEqualTo("{{ messages[0].content }}");
    assertThat(manifest.tokens().beginning()).isEqualTo(1);
    assertThat(manifest.tokens().end()).isEqualTo(2);
    assertThat(manifest.tokens().begins()).isFalse();
    assertThat(manifest.tokens().ends()).containsExactly(0, 2);
  }

  @Test
  void knowsASourceAgainHoweverItIsNamed() throws IOException {
    ModelFolder first = run();
    assertThat(imports.run(source.resolve("model.safetensors"), null, ImportProgress.NONE))
        .isEqualTo(first);
    config(config -> config.put("rms_norm_eps", 1e-3));
    assertThat(run().digest()).isNotEqualTo(first.digest());
  }

  @Test
  void putsShardsTogether() throws IOException {
    String whole = weightsOf(run());
    var shards = List.of(new SafetensorsWriter(), new SafetensorsWriter());
    var index = new StringBuilder("{\"weight_map\":{");
    List<String> entries = new ArrayList<>();
    LLAMA
        .tensors()
        .forEach((name, shape) -> {
          int shard = entries.size() % 2;
          shards.get(shard).floats(name, LLAMA.weights(name), shape);
          entries.add("\"" + name + "\":\"part-" + shard + ".safetensors\"");
        });
    index.append(String.join(",", entries)).append("}}");
    Files.delete(source.resolve("model.safetensors"));
    Files.write(source.resolve("part-0.safetensors"), shards.get(0).bytes());
    Files.write(source.resolve("part-1.safetensors"), shards.get(1).bytes());
    Files.writeString(source.resolve("model.safetensors.index.json"), index);
    assertThat(weightsOf(run())).isEqualTo(whole);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../secret.safetensors", "/etc/x.safetensors", "a/b.safetensors", "x.bin"})
  void neverLeavesItsFolder(String shard) throws IOException {
    Files.createDirectories(folder.resolve("cache/models"));
    index("{\"weight_map\":{\"a\":\"" + shard + "\"}}");
    refuses("its index names a file '" + shard + "'");
  }

  private void index(String text) throws IOException {
    Files.deleteIfExists(source.resolve("model.safetensors"));
    Files.writeString(source.resolve("model.safetensors.index.json"), text);
  }

  @Test
  void refusesAnIndexThatLies() throws IOException {
    Files.createDirectories(folder.resolve("cache/models"));
    Files.copy(source.resolve("model.safetensors"), source.resolve("twin.safetensors"));
    Files.copy(source.resolve("model.safetensors"), source.resolve("other.safetensors"));
    index("{}");
    refuses("its index names 0 files");
    index("{\"weight_map\":[\"gone.safetensors\"]}");
    refuses("'gone.safetensors' is missing");
    index("{\"weight_map\":{\"a\":{\"b\":1}}}");
    refuses("its index names a file ''");
    index("{\"weight_map\":{\"a\":\"twin.safetensors\",\"b\":\"other.safetensors\"}}");
    refuses("occurs twice");
    index("{\"weight_map\":" + "[".repeat(100_000));
    refuses("model.safetensors.index.json is not sound JSON");
    index(" ".repeat(9 << 20));
    refuses("model.safetensors.index.json is too large");
    var many = new StringBuilder("{\"weight_map\":{");
    for (int i = 0; i <= 1000; i++) {
      many.append("\"%d\":\"%d.safetensors\",".formatted(i, i));
    }
    index(many + "\"x\":\"x.safetensors\"}}");
    refuses("its index names 1002 files");
  }

  @Test
  void takesAWholeFileBeforeAnIndex() throws IOException {
    String whole = weightsOf(run());
    Files.writeString(source.resolve("model.safetensors.index.json"), "{\"weight_map\":{}}");
    assertThat(weightsOf(run())).isEqualTo(whole);
  }

  @Test
  void refusesConfigurationsThatLie() throws IOException {
    Files.createDirectories(folder.resolve("cache/models"));
    config(config -> config.put("model_type", "mamba2"));
    refuses("its model_type is 'mamba2'; known are llama, mistral");
    config(config -> config.putObject("quantization_config"));
    refuses("quantised in a way that is not known");
    config(config -> config.put("hidden_size", 1L << 40));
    refuses("'hidden_size' is 1099511627776");
    config(config -> config.put("hidden_size", "64"));
    refuses("lacks 'hidden_size'");
    config(config -> config.put("num_hidden_layers", 1_000_000));
    refuses("'num_hidden_layers' is 1000000");
    config(config -> config.put("num_hidden_layers", 4));
    refuses("is missing");
    config(config -> config.put("num_hidden_layers", 2));
    refuses("that models of its family do not have");
    config(config -> config.put("num_key_value_heads", 3));
    refuses("impossible shape");
    config(config -> config.put("head_dim", 32));
    refuses("does not fit the model's dimensions");
    config(config -> config.put("vocab_size", 1 << 23));
    refuses("does not fit the model's dimensions");
    config(config -> config.put("hidden_act", "relu"));
    refuses("its activation is 'relu'");
    config(config -> config.putObject("rope_parameters").put("rope_type", "spiral"));
    refuses("rope scaling 'spiral'");
    config(config -> config.putObject("rope_parameters").put("rope_theta", -1));
    refuses("'rope_theta' is -1");
    Files.writeString(source.resolve("config.json"), "[".repeat(100_000));
    refuses("config.json is not sound JSON");
    Files.writeString(source.resolve("config.json"), "{\"a\":1,\"a\":2}");
    refuses("config.json is not sound JSON");
  }

  @Test
  void refusesHeadersThatLie() throws IOException {
    Files.createDirectories(folder.resolve("cache/models"));
    var file = new SafetensorsWriter().floats("a", new float[] {1, 2}, 2);
    weights(new byte[] {1, 2, 3});
    refuses("is not a safetensors file");
    weights(new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0});
    refuses("impossible length");
    weights(file.bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}"));
    refuses("is not as long as its shape");
    weights(file.bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}"));
    refuses("its tensors take 12 bytes of 8");
    weights(file.bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}"));
    refuses("overlaps or leaves a gap");
    weights(
        file.bytes(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}"));
    refuses("overlaps or leaves a gap");
    weights(
        file.bytes(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],"
                + "\"data_offsets\":[0,8]}}"));
    refuses("impossible size");
    weights(file.bytes("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}"));
    refuses("impossible offsets");
    weights(file.bytes("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}"));
    refuses("tensor 'a' has type 'F8_E4M3'");
    weights(file.bytes("{\"a\":{\"shape\":[1e9],\"data_offsets\":[0,8]}}"));
    refuses("not of the expected form");
    weights(file.bytes("{\"a\":" + "[".repeat(50_000)));
    refuses("a safetensors header is not of the expected form");
    weights(file.bytes("{\"__metadata__\":{\"a\":" + "[".repeat(50_000)));
    refuses("is not sound JSON");
    weights(file.bytes("{\"a\":{},\"a\":{}}"));
    refuses("impossible offsets");
  }

  /** Any damage is refused in a sentence, or does no harm. */
  @Test
  void survivesDamageAnywhereInAHeader() throws IOException {
    byte[] sound = Files.readAllBytes(source.resolve("model.safetensors"));
    Random random = new Random(11);
    int refused = 0;
    for (int round = 0; round < 300; round++) {
      byte[] damaged = sound.clone();
      for (int hits = 1 + random.nextInt(4); hits > 0; hits--) {
        damaged[random.nextInt(4000)] = (byte) (random.nextBoolean() ? random.nextInt(256) : '9');
      }
      weights(damaged);
      try (DecoderSource opened = DecoderSource.open(source)) {
        NamedWeights weights = opened.weights(_ -> {});
        weights.vector("layer.0.attention_norm", opened.config().width());
      } catch (ImportException expected) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(200);
  }

  @Test
  void survivesDamageInItsConfiguration() throws IOException {
    byte[] sound = LLAMA.config().toString().getBytes(StandardCharsets.UTF_8);
    Random random = new Random(12);
    for (int round = 0; round < 500; round++) {
      byte[] damaged = sound.clone();
      for (int hits = 1 + random.nextInt(3); hits > 0; hits--) {
        damaged[random.nextInt(damaged.length)] =
            (byte) ("0123456789-e.,:[]{}\"n".charAt(random.nextInt(21)));
      }
      Files.write(source.resolve("config.json"), damaged);
      try (DecoderSource opened = DecoderSource.open(source)) {
        assertThat(opened.config().layers()).isBetween(1, DecoderConfig.MAX_LAYERS);
      } catch (ImportException expected) {
        assertThat(expected).hasMessageStartingWith("The model");
      }
    }
  }
}
