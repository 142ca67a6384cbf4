package dev.postern.runners.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How text is cut into words before byte-pair merging. GGUF files name the rule; an unknown name is
 * refused, since a wrong rule would give plausible but wrong tokens.
 */
public enum PreTokenizer {
  GPT2(List.of("gpt-2", "gpt2", "default"), Rule.BYTES_ONLY, false, false),
  SMOLLM(List.of("smollm"), Rule.SINGLE_DIGITS, false, false),
  LLAMA3(List.of("llama-bpe", "llama3", "llama-v3"), Rule.threeDigits(), true, false),
  /** Llama 3's words of models that merge each of them, such as SmolLM3. */
  SMAUG(List.of("smaug-bpe", "dbrx"), Rule.threeDigits(), false, false),
  QWEN2(List.of("qwen2", "deepseek-r1-qwen"), Rule.oneDigit(), false, true),
  /** As o200k cuts it: where small letters are followed by a capital one, too. Phi-4-mini. */
  GPT_4O(List.of("gpt-4o"), Rule.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "{1,3}"), false, false),
  /** The same without contractions, digit by digit: later Mistral models. */
  TEKKEN(List.of("tekken"), Rule.cased("", ""), true, false);

  private final List<String> names;
  private final String rule;
  private final boolean wholeWordsFirst;
  private final boolean composed;

  PreTokenizer(List<String> names, String rule, boolean wholeWordsFirst, boolean composed) {
    this.names = names;
    this.rule = rule;
    this.wholeWordsFirst = wholeWordsFirst;
    this.composed = composed;
  }

  public static Optional<PreTokenizer> named(String name) {
    return Arrays.stream(values()).filter(rule -> rule.names.contains(name)).findFirst();
  }

  /** The {@code pre_tokenizer} member of tokenizer.json. */
  String json() {
    return rule;
  }

  /** Whether a word that is in the vocabulary as a whole skips merging. */
  boolean wholeWordsFirst() {
    return wholeWordsFirst;
  }

  /** Whether such models begin each text with their token where the file does not say. */
  public boolean begins() {
    return this == LLAMA3 || this == TEKKEN;
  }

  /** Whether text is first brought to its composed Unicode form. */
  boolean composed() {
    return composed;
  }

  /** JSON texts of the rules. */
  private static final class Rule {
    private static final String BLANKS = "\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+";
    private static final String BYTES_ONLY = byteLevel(true);
    private static final String SINGLE_DIGITS =
        sequence("{\"type\":\"Digits\",\"individual_digits\":true}", byteLevel(true));

    private static String threeDigits() {
      return words("\\\\p{N}{1,3}");
    }

    private static String oneDigit() {
      return words("\\\\p{N}");
    }

    /** Contractions, letters with one leading sign, digits, signs, line ends, blanks. */
    private static String words(String digits) {
      return split(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|"
              + digits
              + "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|"
              + BLANKS);
    }

    /** Capital letters before small ones, with what may follow them; digits, signs, blanks. */
    private static String cased(String ending, String digits) {
      String capital = "[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]";
      String small = "[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]";
      String sign = "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?";
      return split(
          "%s%s*%s+%s|%s%s+%s*%s|\\\\p{N}%s| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|%s"
              .formatted(
                  sign, capital, small, ending, sign, capital, small, ending, digits, BLANKS));
    }

    private static String split(String pattern) {
      return sequence(
          "{\"type\":\"Split\",\"pattern\":{\"Regex\":\""
              + pattern
              + "\"},\"behavior\":\"Isolated\",\"invert\":false}",
          byteLevel(false));
    }

    private static String sequence(String first, String second) {
      return "{\"type\":\"Sequence\",\"pretokenizers\":[" + first + "," + second + "]}";
    }

    private static String byteLevel(boolean words) {
      return "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
          + "\"use_regex\":"
          + words
          + "}";
    }
  }
}
