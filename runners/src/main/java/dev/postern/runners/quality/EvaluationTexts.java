package dev.postern.runners.quality;

import dev.postern.runners.importer.Digests;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * What models are measured on: stories, letters, talk, code, tables and nine languages, written for
 * this and used for nothing else; or a file that a person gives.
 *
 * @param digest SHA-256 of all of them, lower-case hexadecimal
 */
public record EvaluationTexts(List<String> texts, String digest) {
  private static final String SEPARATOR = "\n%%\n";

  /** What a person's file may have at most; the time a measurement takes grows with it. */
  private static final long MAX_BYTES = 1 << 20;

  /** Those that come with the product. */
  public static EvaluationTexts own() {
    try (InputStream in =
        Objects.requireNonNull(EvaluationTexts.class.getResourceAsStream("evaluation.txt"))) {
      return of(in.readAllBytes());
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * @param file UTF-8; lines of {@code %%} part it into texts of their own
   * @throws IllegalArgumentException where it is empty or larger than a megabyte
   */
  public static EvaluationTexts read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException(file + " is larger than a megabyte");
    }
    EvaluationTexts texts = of(Files.readAllBytes(file));
    if (texts.texts().isEmpty()) {
      throw new IllegalArgumentException(file + " holds no text");
    }
    return texts;
  }

  private static EvaluationTexts of(byte[] bytes) {
    List<String> texts =
        Arrays.stream(new String(bytes, StandardCharsets.UTF_8).split(SEPARATOR))
            .map(String::strip)
            .filter(text -> !text.isEmpty())
            .toList();
    return new EvaluationTexts(texts, Digests.hex(bytes));
  }
}
