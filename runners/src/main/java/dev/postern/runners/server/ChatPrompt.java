package dev.postern.runners.server;

import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ChatRequest.Message;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a chat so that only the template can write control tokens: a message that spells one out
 * gets its letters, and so cannot end its turn and speak as someone else.
 */
final class ChatPrompt {
  /** Unicode's private use area: code points that mean nothing between strangers. */
  private static final char FIRST_MARK = '\ue000';

  private static final char LAST_MARK = '\uf8ff';

  private ChatPrompt() {}

  static int[] encode(LoadedModel.Generative model, List<Message> messages) {
    var known = messages.stream().map(ChatPrompt::withKnownRole).toList();
    var tokenizer = model.generator().tokenizer();
    var controls = model.controlTexts();
    if (known.stream().noneMatch(message -> spellsAny(message, controls))) {
      return tokenizer.encode(model.generator().renderChat(known), true);
    }
    char mark = unusedMark(known);
    var masked =
        known.stream().map(message -> mapped(message, text -> mask(text, controls, mark))).toList();
    return unmask(tokenizer, model.generator().renderChat(masked), controls, mark);
  }

  /** Templates know the older role names only. */
  private static Message withKnownRole(Message message) {
    var role =
        switch (message.role()) {
          case "developer" -> "system";
          case "function" -> "tool";
          default -> message.role();
        };
    return new Message(role, message.content(), message.name());
  }

  private static boolean spellsAny(Message message, List<String> controls) {
    return controls.stream()
        .anyMatch(control ->
            message.content().contains(control)
                || (message.name() != null && message.name().contains(control)));
  }

  private static Message mapped(Message message, UnaryOperator<String> change) {
    @Nullable String name = message.name();
    return new Message(
        message.role(), change.apply(message.content()), name == null ? null : change.apply(name));
  }

  private static char unusedMark(List<Message> messages) {
    for (char mark = FIRST_MARK; mark < LAST_MARK; mark++) {
      int wanted = mark;
      if (messages.stream().noneMatch(m -> (m.content() + m.name()).indexOf(wanted) >= 0)) {
        return mark;
      }
    }
    throw new BadRequest(
        "The messages use every code point of Unicode's private use area.",
        "messages",
        "invalid_value");
  }

  /** Replaces each control token's text by its number between marks. */
  private static String mask(String text, List<String> controls, char mark) {
    var masked = text;
    for (int i = 0; i < controls.size(); i++) {
      masked = masked.replace(controls.get(i), "" + mark + i + mark);
    }
    return masked;
  }

  private static int[] unmask(
      Tokenizer tokenizer, String rendered, List<String> controls, char mark) {
    int beginning = tokenizer.encode("", true).length;
    var ids = IntStream.builder();
    boolean masked = false;
    int from = 0;
    while (from <= rendered.length()) {
      int at = rendered.indexOf(mark, from);
      var part = rendered.substring(from, at < 0 ? rendered.length() : at);
      if (masked) {
        add(ids, tokenizer.encode(controls.get(Integer.parseInt(part)), false), 0);
      } else {
        // The token that begins a text comes once.
        add(ids, tokenizer.encode(part, true), from == 0 ? 0 : beginning);
      }
      masked = !masked;
      from = at < 0 ? rendered.length() + 1 : at + 1;
    }
    return ids.build().toArray();
  }

  private static void add(IntStream.Builder ids, int[] tokens, int skip) {
    for (int i = skip; i < tokens.length; i++) {
      ids.add(tokens[i]);
    }
  }
}
