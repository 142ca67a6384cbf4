package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the messages of a chat, in order: a tool's answer must have been asked for before. */
final class MessageFields {
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function");
  private static final int MAX_NAME = 64;
  private static final int MAX_ID = 256;

  private final Set<String> issuedCalls = new HashSet<>();

  private MessageFields() {}

  static List<ChatRequest.Message> read(Fields body) {
    var messages = body.required("messages", body.array("messages"));
    if (messages.isEmpty()) {
      throw body.invalid("messages", "must hold at least one message");
    }
    var reader = new MessageFields();
    return Fields.each(
        messages, "messages", item -> reader.message(Fields.object(item.value(), item.path())));
  }

  private ChatRequest.Message message(Fields message) {
    message.required("role", message.get("role"));
    var role = message.oneOf("role", "", ROLES);
    var name = message.text("name", MAX_NAME);
    List<ChatRequest.ToolCall> calls = List.of();
    @Nullable String answers = null;
    switch (role) {
      case "assistant" -> calls = readCalls(message);
      case "tool" -> answers = requireIssued(message);
      case "function" -> message.required("name", name);
      default -> {}
    }
    var content = message.get("content");
    boolean mayBeEmpty =
        !calls.isEmpty()
            || (role.equals("assistant") && message.has("refusal"))
            || role.equals("function");
    if (content == null && !mayBeEmpty) {
      message.required("content", content);
    }
    return new ChatRequest.Message(
        role,
        content == null ? "" : content(content, message.at("content"), role),
        name,
        calls,
        answers,
        role.equals("assistant") ? message.text("reasoning_content", Integer.MAX_VALUE) : null);
  }

  private List<ChatRequest.ToolCall> readCalls(Fields message) {
    message.text("refusal", Integer.MAX_VALUE);
    List<ChatRequest.ToolCall> result = new ArrayList<>();
    var calls = message.array("tool_calls");
    if (calls != null) {
      for (var call :
          Fields.each(calls, message.at("tool_calls"), i -> Fields.object(i.value(), i.path()))) {
        var id = call.required("id", call.text("id", MAX_ID));
        call.oneOf("type", "function", Set.of("function"));
        result.add(readFunction(id, call.required("function", call.object("function"))));
        if (!issuedCalls.add(id)) {
          throw call.invalid("id", "is used by an earlier tool call");
        }
      }
    }
    var old = message.object("function_call");
    if (old != null) {
      result.add(readFunction("", old));
    }
    return result;
  }

  private static ChatRequest.ToolCall readFunction(String id, Fields function) {
    return new ChatRequest.ToolCall(
        id,
        function.required("name", function.text("name", MAX_NAME)),
        function.required("arguments", function.text("arguments", Integer.MAX_VALUE)));
  }

  private String requireIssued(Fields message) {
    var id = message.required("tool_call_id", message.text("tool_call_id", MAX_ID));
    if (!issuedCalls.contains(id)) {
      throw message.invalid("tool_call_id", "answers no tool call of an earlier assistant message");
    }
    return id;
  }

  private static String content(JsonNode content, String path, String role) {
    if (content.isTextual()) {
      return content.textValue();
    }
    if (!(content instanceof ArrayNode parts)) {
      throw Fields.wrongType(path, "a string or a list of parts", content);
    }
    if (parts.isEmpty()) {
      throw new BadRequest(
          "'%s' must hold at least one part.".formatted(path), path, Fields.INVALID_VALUE);
    }
    return String.join("", Fields.each(parts, path, item -> part(item, role)));
  }

  private static String part(Fields.Item item, String role) {
    var part = Fields.object(item.value(), item.path());
    var type = part.required("type", part.text("type", 64));
    @Nullable String text =
        switch (type) {
          case "text" -> part.text("text", Integer.MAX_VALUE);
          case "refusal" -> {
            if (!role.equals("assistant")) {
              throw part.invalid("type", "can be \"refusal\" only in an assistant message");
            }
            yield part.text("refusal", Integer.MAX_VALUE);
          }
          case "image_url", "input_audio", "file" ->
              throw part.unsupported("type", "the models served here read only text parts");
          default -> throw part.invalid("type", "must be \"text\"");
        };
    return part.required(type, text);
  }
}
