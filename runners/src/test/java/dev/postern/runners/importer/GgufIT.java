package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.testing.GgufWriter;
import dev.postern.runners.testing.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufIT {
  @TempDir private Path folder;

  private Path file(byte[] bytes) {
    try {
      return Files.write(folder.resolve("model.gguf"), bytes);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private Gguf open(byte[] bytes) throws IOException {
    return Gguf.open(file(bytes));
  }

  private void refuses(byte[] bytes, String reason) {
    assertThatThrownBy(() -> open(bytes).close())
        .isInstanceOf(ImportException.class)
        .hasMessageContaining(reason);
  }

  @Test
  void readsMetadataAndTensors() throws IOException {
    byte[] file =
        new GgufWriter()
            .text("name", "grün")
            .whole("answer", 42)
            .texts("words", List.of("a", "", "ü"))
            .wholes("kinds", 1, 2, 3)
            .tensor("w", 0, GgufWriter.floats(1, 2, 3, 4, 5, 6), 3, 2)
            .bytes();
    try (Gguf gguf = open(file)) {
      assertThat(gguf.string("name")).contains("grün");
      assertThat(gguf.integer("answer")).contains(42L);
      assertThat(gguf.strings("words")).containsExactly("a", "", "ü");
      assertThat(gguf.integers("kinds")).containsExactly(1, 2, 3);
      StoredTensor tensor = gguf.tensor("w");
      assertThat(tensor.shape()).containsExactly(2, 3);
      float[] row = new float[3];
      tensor.type().decode(tensor.data(), 3, 3, row);
      assertThat(row).containsExactly(4, 5, 6);
    }
  }

  @Test
  void refusesWhatIsNotGguf() {
    refuses(new byte[0], "does not begin like a GGUF");
    refuses("PK this is something else entirely".getBytes(), "does not begin like a GGUF");
  }

  @Test
  void refusesCountsAndLengthsBeyondReason() {
    refuses(new GgufWriter().lyingArray("a", 4, Long.MAX_VALUE).bytes(), "too large");
    refuses(new GgufWriter().lyingArray("a", 8, 1 << 23).bytes(), "middle of its directory");
    refuses(new GgufWriter().raw("a", 8, GgufWriter.longs(1L << 60)).bytes(), "too long");
    refuses(new GgufWriter().raw("a", 77, new byte[0]).bytes(), "not known");
    byte[] counts = new GgufWriter().bytes();
    Arrays.fill(counts, 8, 24, (byte) 0x7f);
    refuses(counts, "too large");
  }

  @Test
  void refusesArraysNestedWithoutEnd() {
    byte[] nested = new byte[1 << 16];
    byte[] level = new byte[12];
    System.arraycopy(GgufWriter.ints(9), 0, level, 0, 4);
    System.arraycopy(GgufWriter.longs(1), 0, level, 4, 8);
    for (int at = 0; at + 12 <= nested.length; at += 12) {
      System.arraycopy(level, 0, nested, at, 12);
    }
    refuses(new GgufWriter().raw("a", 9, nested).bytes(), "nested too deeply");
  }

  @Test
  void refusesTensorsOutsideTheFile() {
    byte[] four = GgufWriter.floats(1, 2, 3, 4);
    refuses(new GgufWriter().tensorAt("w", 0, 1 << 20, four, 4).bytes(), "outside the file");
    refuses(new GgufWriter().tensorAt("w", 0, -32, four, 4).bytes(), "outside the file");
    refuses(new GgufWriter().tensorAt("w", 0, 7, four, 4).bytes(), "outside the file");
    refuses(new GgufWriter().tensor("w", 0, four, 1 << 30, 1 << 30).bytes(), "impossible size");
    refuses(new GgufWriter().tensor("w", 0, four, 0).bytes(), "impossible size");
    refuses(new GgufWriter().tensor("w", 8, new byte[34], 33).bytes(), "whole blocks");
    refuses(new GgufWriter().tensor("w", 99, four, 4).bytes(), "type number 99");
  }

  @Test
  void refusesEveryTruncation() {
    byte[] file = TinyLlama.gguf(1);
    Random random = new Random(5);
    for (int i = 0; i < 300; i++) {
      byte[] cut = Arrays.copyOf(file, i < 100 ? i : random.nextInt(file.length));
      assertThatThrownBy(() -> open(cut).close()).isInstanceOf(ImportException.class);
    }
  }

  @Test
  void survivesDamageAnywhereInTheDirectory() {
    byte[] file = TinyLlama.gguf(1);
    Random random = new Random(6);
    int refused = 0;
    for (int i = 0; i < 500; i++) {
      byte[] damaged = file.clone();
      for (int hits = 1 + random.nextInt(4); hits > 0; hits--) {
        damaged[random.nextInt(6000)] = (byte) random.nextInt(256);
      }
      Path path = file(damaged);
      try (DecoderSource source = DecoderSource.open(path)) {
        source.tokenizer(folder.resolve("tokenizer.json"));
      } catch (ImportException expected) {
        refused++;
      } catch (IOException failure) {
        throw new AssertionError(failure);
      }
    }
    assertThat(refused).isGreaterThan(50);
  }
}
