package dev.postern.runners.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the rules that GGUF files name cut a text, by a vocabulary of bytes. */
class PreTokenizerIT {
  private static final String TEXT = "ParisIsn't 12345 GO/\n\n  été";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      delimiter = ';',
      value = {
        "gpt-2;ParisIsn|'t| 12345| GO|/|⏎⏎ | été",
        "smollm;ParisIsn|'t| |1|2|3|4|5| GO|/|⏎⏎ | été",
        "llama-bpe;ParisIsn|'t| |123|45| GO|/⏎⏎| | été",
        "smaug-bpe;ParisIsn|'t| |123|45| GO|/⏎⏎| | été",
        "deepseek-r1-qwen;ParisIsn|'t| |1|2|3|4|5| GO|/⏎⏎| | été",
        "gpt-4o;Paris|Isn't| |123|45| GO|/⏎⏎| | été",
        "tekken;Paris|Isn|'t| |1|2|3|4|5| GO|/⏎⏎| | été",
      })
  void cutsAText(String name, String expected) throws IOException {
    var pieces = TinyLlama.vocabulary();
    var vocabulary =
        new Vocabulary(
            pieces,
            Collections.nCopies(pieces.size(), Kind.NORMAL),
            new Vocabulary.ByteLevel(PreTokenizer.named(name).orElseThrow(), List.of()));
    Path file = folder.resolve("tokenizer.json");
    TokenizerJson.write(vocabulary, file);
    try (var tokenizer = NativeTokenizer.bare(TokenizerFile.read(file))) {
      assertThat(words(tokenizer.encode(TEXT).getWordIds())).isEqualTo(expected.replace('⏎', '\n'));
    }
  }

  /** The text with a bar between words, by the word that each of its bytes is in. */
  private static String words(long[] wordOfByte) {
    byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
    assertThat(wordOfByte).hasSameSizeAs(bytes);
    var words = new StringBuilder();
    int from = 0;
    for (int at = 1; at <= bytes.length; at++) {
      if (at == bytes.length || wordOfByte[at] != wordOfByte[at - 1]) {
        words.append(from == 0 ? "" : "|");
        words.append(new String(Arrays.copyOfRange(bytes, from, at), StandardCharsets.UTF_8));
        from = at;
      }
    }
    return words.toString();
  }
}
