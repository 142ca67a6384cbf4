package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.ToolCall;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.BadRequest;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Encodes a chat so that only the template can write control tokens: a message, a tool or a call
 * that spells one out gets its letters, and so cannot end its turn and speak as someone else.
 */
final class ChatPrompt {
  /** Unicode's private use area: code points that mean nothing between strangers. */
  private static final char FIRST_MARK = '\ue000';

  private static final char LAST_MARK = '\uf8ff';
  private static final ObjectMapper JSON = new ObjectMapper();

  private ChatPrompt() {}

  /**
   * @param thinking whether it ends within the block of the answer's thoughts
   */
  record Encoded(int[] ids, boolean thinking) {}

  static Encoded encode(LoadedModel.Generative model, Conversation conversation) {
    var tokenizer = model.generator().tokenizer();
    var controls = model.controlTexts();
    char mark = unusedMark(conversation);
    var masked = mapped(conversation, text -> mask(text, controls, mark));
    String rendered = model.generator().renderChat(masked);
    boolean thinking = rendered.stripTrailing().endsWith("<think>");
    int[] ids =
        masked.equals(conversation)
            ? tokenizer.encode(rendered, true)
            : unmask(tokenizer, rendered, controls, mark);
    return new Encoded(ids, thinking);
  }

  private static Conversation mapped(Conversation conversation, UnaryOperator<String> change) {
    return new Conversation(
        conversation.turns().stream().map(turn -> mapped(turn, change)).toList(),
        conversation.tools().stream().map(tool -> mapped(tool, change)).toList(),
        conversation.flags());
  }

  private static Turn mapped(Turn turn, UnaryOperator<String> change) {
    return new Turn(
        turn.role(),
        change.apply(turn.content()),
        mappedOrNull(turn.name(), change),
        turn.toolCalls().stream()
            .map(call ->
                new ToolCall(
                    change.apply(call.id()),
                    change.apply(call.name()),
                    mappedArguments(call.arguments(), change)))
            .toList(),
        mappedOrNull(turn.toolCallId(), change),
        mappedOrNull(turn.reasoning(), change));
  }

  private static @Nullable String mappedOrNull(
      @Nullable String text, UnaryOperator<String> change) {
    return text == null ? null : change.apply(text);
  }

  /** A control token may be spelled with escapes, which the template's reading would undo. */
  private static String mappedArguments(String arguments, UnaryOperator<String> change) {
    try {
      JsonNode tree = JSON.readTree(arguments);
      if (tree != null && tree.isObject()) {
        JsonNode changed = mapped(tree, change);
        return changed.equals(tree) ? arguments : changed.toString();
      }
    } catch (JsonProcessingException notJson) {
      // A text like any other.
    }
    return change.apply(arguments);
  }

  private static JsonNode mapped(JsonNode tree, UnaryOperator<String> change) {
    return switch (tree) {
      case TextNode text -> TextNode.valueOf(change.apply(text.textValue()));
      case ArrayNode list -> {
        ArrayNode copy = JSON.createArrayNode();
        list.forEach(item -> copy.add(mapped(item, change)));
        yield copy;
      }
      case ObjectNode object -> {
        ObjectNode copy = JSON.createObjectNode();
        object
            .properties()
            .forEach(
                entry -> copy.set(change.apply(entry.getKey()), mapped(entry.getValue(), change)));
        yield copy;
      }
      default -> tree;
    };
  }

  private static char unusedMark(Conversation conversation) {
    boolean[] used = new boolean[LAST_MARK - FIRST_MARK];
    var noted =
        mapped(
            conversation,
            text -> {
              text.chars()
                  .filter(unit -> unit >= FIRST_MARK && unit < LAST_MARK)
                  .forEach(unit -> used[unit - FIRST_MARK] = true);
              return text;
            });
    return (char)
        IntStream.range(0, used.length)
            .filter(i -> !used[i])
            .map(i -> FIRST_MARK + i)
            .findFirst()
            .orElseThrow(() ->
                new BadRequest(
                    "The %d messages use every code point of Unicode's private use area."
                        .formatted(noted.turns().size()),
                    "messages",
                    "invalid_value"));
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
