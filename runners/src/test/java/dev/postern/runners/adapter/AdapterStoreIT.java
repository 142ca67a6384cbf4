package dev.postern.runners.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.SafetensorsWriter;
import dev.postern.runners.testing.TinyAdapter;
import dev.postern.runners.testing.TinyFamily;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdapterStoreIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TinyAdapter ADAPTER = TinyAdapter.read("llama2").getFirst();

  @TempDir private Path folder;
  private AdapterStore store;
  private DecoderConfig model;

  @BeforeEach
  void open() throws IOException {
    store = new AdapterStore(folder.resolve("cache"));
    model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(
                TinyFamily.read("llama2").write(folder.resolve("model")), null, ImportProgress.NONE)
            .manifest()
            .architecture();
  }

  @Test
  void theDigestIsOfWhatTheAdapterDoesWhateverFileItCameIn() throws Exception {
    var plain = store.add(ADAPTER.write(folder.resolve("plain")), "plain", model);
    assertThat(plain.rank()).isEqualTo(8);
    assertThat(plain.targets()).containsExactly("q", "v");
    assertThat(store.list()).containsExactly(plain);

    assertThat(store.add(zipped(folder.resolve("plain")), "zip", model).digest())
        .isEqualTo(plain.digest());
    // Twice the scale and half the numbers.
    Path rescaled = write("rescaled", config -> config.put("lora_alpha", 32), 0.5f);
    assertThat(store.add(rescaled, "rescaled", model).digest()).isEqualTo(plain.digest());
    Path other = write("other", config -> config.put("lora_alpha", 32), 1);
    assertThat(store.add(other, "other", model).digest()).isNotEqualTo(plain.digest());

    assertThat(store.remove(plain.digest())).isTrue();
    assertThat(store.remove(plain.digest())).isFalse();
    assertThat(store.list()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"peft_type":"LOHA"}                      | type 'LOHA'
          {"use_dora":true}                         | uses 'use_dora'
          {"modules_to_save":["lm_head"]}           | uses 'modules_to_save'
          {"kasa_config":{"beta":1}}                | uses 'kasa_config'
          {"bias":"all"}                            | has biases
          {"init_lora_weights":"pissa"}             | changed base weights
          {"r":0}                                   | out of range
          {"r":100000}                              | out of range
          {"r":4}                                   | not of 4 × 64 numbers
          {"alpha_pattern":{"(.*)*":3}}             | alpha_pattern has a key
          {"rank_pattern":{"q_proj":-1}}            | out of range
          """)
  void whatIsNotDoneIsRefusedInASentence(String settings, String said) throws Exception {
    Path source = write("refused", config -> merge(config, settings), 1);
    assertThatThrownBy(() -> store.add(source, "refused", model))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining(said);
    assertThat(store.list()).isEmpty();
  }

  @Test
  void tensorsThatDoNotFitAreRefused() throws Exception {
    String q = "base_model.model.model.layers.0.self_attn.q_proj.lora_";
    refuse(file -> file.floats(q + "A.weight", new float[8 * 64], 8, 64), "half of a pair");
    refuse(
        file -> file.floats(q.replace(".0.", ".9.") + "A.weight", new float[8 * 64], 8, 64),
        "layer 9");
    refuse(
        file -> file.floats(q.replace("q_proj", "x_proj") + "A.weight", new float[64], 1, 64),
        "x_proj");
    refuse(file -> file.floats("base_model.model.lm_head.weight", new float[64], 1, 64), "lm_head");
    refuse(
        file -> {
          float[] values = new float[8 * 64];
          values[5] = Float.NaN;
          file.floats(q + "A.weight", values, 8, 64)
              .floats(q + "B.weight", new float[64 * 8], 64, 8);
        },
        "not finite");
    refuse(file -> {}, "no matrices");
  }

  private void refuse(Consumer<SafetensorsWriter> tensors, String said) throws IOException {
    Path source = write("refused", _ -> {}, 1);
    var file = new SafetensorsWriter();
    tensors.accept(file);
    Files.write(source.resolve("adapter_model.safetensors"), file.bytes());
    assertThatThrownBy(() -> store.add(source, "refused", model))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining(said);
    assertThat(store.list()).isEmpty();
  }

  @Test
  void damagedFilesAreRefusedOrRead() throws Exception {
    Path source = ADAPTER.write(folder.resolve("damaged"));
    byte[] weights = Files.readAllBytes(source.resolve("adapter_model.safetensors"));
    byte[] config = Files.readAllBytes(source.resolve("adapter_config.json"));
    int header = (int) ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).getLong();
    var random = new Random(7);
    for (int round = 0; round < 150; round++) {
      Files.write(
          source.resolve("adapter_model.safetensors"), damaged(weights, 8 + header, random));
      Files.write(
          source.resolve("adapter_config.json"),
          round % 3 == 0 ? damaged(config, config.length, random) : config);
      try {
        store.add(source, "damaged", model);
      } catch (ImportException refusal) {
        assertThat(refusal).hasMessageEndingWith(".");
      }
    }
    try (Stream<Path> left = Files.list(folder.resolve("cache/adapters"))) {
      assertThat(left).noneMatch(path -> path.getFileName().toString().startsWith("."));
    }
  }

  /** One to four bytes changed among the first {@code head}, or the end cut off. */
  private static byte[] damaged(byte[] bytes, int head, Random random) {
    if (random.nextInt(4) == 0) {
      return Arrays.copyOf(bytes, random.nextInt(bytes.length));
    }
    byte[] changed = bytes.clone();
    for (int i = 0; i <= random.nextInt(4); i++) {
      changed[random.nextInt(head)] = (byte) random.nextInt(256);
    }
    return changed;
  }

  private Path write(String name, Consumer<ObjectNode> change, float factor) throws IOException {
    Path source = ADAPTER.write(folder.resolve(name));
    ObjectNode config = ADAPTER.config();
    change.accept(config);
    Files.writeString(source.resolve("adapter_config.json"), config.toString());
    var file = new SafetensorsWriter();
    ADAPTER
        .tensors()
        .forEach((tensor, shape) -> {
          float[] values = ADAPTER.weights(tensor);
          for (int i = 0; i < values.length && tensor.contains("lora_B"); i++) {
            values[i] *= factor;
          }
          file.floats(tensor, values, shape);
        });
    Files.write(source.resolve("adapter_model.safetensors"), file.bytes());
    return source;
  }

  private static void merge(ObjectNode config, String settings) {
    try {
      config.setAll((ObjectNode) JSON.readTree(settings));
    } catch (IOException failure) {
      throw new IllegalArgumentException(failure);
    }
  }

  private Path zipped(Path source) throws IOException {
    Path file = folder.resolve("adapter.zip");
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (String name : new String[] {"adapter_config.json", "adapter_model.safetensors"}) {
        zip.putNextEntry(new ZipEntry("checkpoint-100/" + name));
        Files.copy(source.resolve(name), zip);
      }
    }
    return file;
  }
}
