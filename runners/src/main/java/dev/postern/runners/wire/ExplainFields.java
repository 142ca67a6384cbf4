package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads an explain body. */
final class ExplainFields {
  private static final int MAX_ANSWER = 128;
  private static final int DEFAULT_ANSWER = 32;
  private static final int MAX_TOP = 20;
  private static final int DEFAULT_TOP = 5;
  private static final int MAX_TEXT = 64 << 10;
  private static final int MAX_PREFIX = 255;
  private static final Set<String> PARTS = Set.of("attribution", "layers");
  private static final Set<String> SOURCES = Set.of("messages", "prompt", "text");
  private static final Set<String> KNOWN =
      Set.of(
          "answer",
          "max_tokens",
          "messages",
          "model",
          "parts",
          "prefix_tokens",
          "prompt",
          "text",
          "top",
          "user");

  private ExplainFields() {}

  static ExplainRequest read(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(KNOWN);
    var model = CommonFields.model(body);
    if (SOURCES.stream().filter(body::has).count() != 1) {
      throw new BadRequest(
          "Give exactly one of 'messages', 'prompt' and 'text'.", null, Fields.INVALID_VALUE);
    }
    boolean probe = body.has("text");
    for (var name : List.of("answer", "max_tokens", "parts", "top")) {
      if (probe && body.has(name)) {
        throw body.invalid(name, "is not allowed together with 'text'");
      }
    }
    if (!probe && body.has("prefix_tokens")) {
      throw body.invalid("prefix_tokens", "is only allowed together with 'text'");
    }
    body.text("user", 1024);
    var parts = parts(body);
    return new ExplainRequest(
        tree,
        model,
        body.has("messages") ? MessageFields.read(body) : List.of(),
        filled(body, "prompt"),
        filled(body, "answer"),
        filled(body, "text"),
        body.integer("prefix_tokens", 1, MAX_PREFIX),
        body.integer("max_tokens", DEFAULT_ANSWER, 1, MAX_ANSWER),
        body.integer("top", DEFAULT_TOP, 0, MAX_TOP),
        parts.contains("attribution"),
        parts.contains("layers"));
  }

  private static List<String> parts(Fields body) {
    var parts = body.array("parts");
    if (parts == null) {
      return List.copyOf(PARTS);
    }
    var names = Fields.each(parts, "parts", item -> Fields.text(item.value(), item.path()));
    names.stream()
        .filter(name -> !PARTS.contains(name))
        .findAny()
        .ifPresent(_ -> {
          throw body.invalid("parts", "may hold \"attribution\" and \"layers\"");
        });
    return names;
  }

  private static @Nullable String filled(Fields body, String name) {
    var text = body.text(name, MAX_TEXT);
    if (text != null && text.isEmpty()) {
      throw body.invalid(name, "must not be empty");
    }
    return text;
  }
}
