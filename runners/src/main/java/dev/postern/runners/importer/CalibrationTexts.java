package dev.postern.runners.importer;

import dev.postern.runners.template.ChatTemplate;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.tokenizer.ModelTokenizer;
import dev.postern.runners.wire.BadRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Texts of ours, of several kinds and languages, for measuring what goes on inside a model. A
 * question and its answer become a chat in the model's own format.
 */
final class CalibrationTexts {
  private static final String RESOURCE = "calibration.txt";
  private static final Pattern BETWEEN_TEXTS = Pattern.compile("\n----\n");
  private static final String BEFORE_ANSWER = "\n=>\n";
  private static final int MAX_TOKENS = 256;

  private CalibrationTexts() {}

  /**
   * @param template the model's own; null where it has none
   */
  static List<int[]> tokens(ModelTokenizer tokenizer, @Nullable ChatTemplate template)
      throws IOException {
    List<int[]> tokens = new ArrayList<>();
    for (String text : BETWEEN_TEXTS.split(read())) {
      int[] ids = tokenizer.encode(chat(text, template), true);
      tokens.add(ids.length > MAX_TOKENS ? Arrays.copyOf(ids, MAX_TOKENS) : ids);
    }
    return tokens;
  }

  private static String read() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(CalibrationTexts.class.getResourceAsStream(RESOURCE))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    }
  }

  private static String chat(String text, @Nullable ChatTemplate template) {
    int end = text.indexOf(BEFORE_ANSWER);
    if (end < 0) {
      return text;
    }
    String question = text.substring(0, end);
    String answer = text.substring(end + BEFORE_ANSWER.length());
    return prompt(question, template) + answer;
  }

  /** A template may refuse what it was not made for; the bare question says enough here. */
  private static String prompt(String question, @Nullable ChatTemplate template) {
    if (template != null) {
      try {
        return template.render(Conversation.of(List.of(Turn.of("user", question))));
      } catch (BadRequest refused) {
        return question + "\n";
      }
    }
    return question + "\n";
  }
}
