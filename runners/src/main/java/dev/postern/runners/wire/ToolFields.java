package dev.postern.runners.wire;

import dev.postern.runners.wire.Tools.Function;
import dev.postern.runners.wire.Tools.Mode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code tools}, {@code tool_choice} and {@code response_format}. */
final class ToolFields {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final int MOST_TOOLS = 128;
  private static final int MOST_DESCRIPTION = 64 * 1024;

  private ToolFields() {}

  static Tools tools(Fields body) {
    for (var old : new String[] {"functions", "function_call"}) {
      if (body.has(old)) {
        throw body.unsupported(
            old, "it has given way to 'tools' and 'tool_choice'; send those instead");
      }
    }
    boolean parallel = !body.has("parallel_tool_calls") || body.flag("parallel_tool_calls");
    var list = body.array("tools");
    List<Function> functions = List.of();
    if (list != null) {
      if (list.size() > MOST_TOOLS) {
        throw body.invalid("tools", "must have at most %d entries".formatted(MOST_TOOLS));
      }
      functions =
          Fields.each(list, "tools", item -> function(Fields.object(item.value(), item.path())));
      requireDistinct(body, functions);
    }
    return choice(body, functions, parallel);
  }

  private static void requireDistinct(Fields body, List<Function> functions) {
    Set<String> names = new HashSet<>();
    for (var function : functions) {
      if (!names.add(function.name())) {
        throw body.invalid("tools", "has two functions named '%s'".formatted(function.name()));
      }
    }
  }

  private static Function function(Fields tool) {
    var type = tool.required("type", tool.text("type", 64));
    if (!type.equals("function")) {
      throw tool.unsupported("type", "the models served here call functions only");
    }
    var function = tool.required("function", tool.object("function"));
    function.text("description", MOST_DESCRIPTION);
    var parameters = function.object("parameters");
    return new Function(
        name(function),
        tool.node(),
        parameters == null || parameters.node().isEmpty() ? null : parameters.node(),
        function.flag("strict"),
        function.at("parameters"));
  }

  private static String name(Fields fields) {
    var name = fields.required("name", fields.text("name", Integer.MAX_VALUE));
    if (!NAME.matcher(name).matches()) {
      throw fields.invalid("name", "must be 1 to 64 letters, digits, underscores and dashes");
    }
    return name;
  }

  private static Tools choice(Fields body, List<Function> functions, boolean parallel) {
    var choice = body.get("tool_choice");
    if (choice == null) {
      return new Tools(functions, functions.isEmpty() ? Mode.NONE : Mode.AUTO, null, parallel);
    }
    @Nullable Function named = null;
    Mode mode;
    if (choice.isTextual()) {
      mode =
          switch (body.oneOf("tool_choice", "", Set.of("none", "auto", "required"))) {
            case "none" -> Mode.NONE;
            case "auto" -> Mode.AUTO;
            default -> Mode.REQUIRED;
          };
    } else {
      var object = Fields.object(choice, "tool_choice");
      var type = object.required("type", object.text("type", 64));
      if (!type.equals("function")) {
        throw object.unsupported("type", "choose a function or one of none, auto, required");
      }
      var function = object.required("function", object.object("function"));
      var name = name(function);
      named = functions.stream().filter(f -> f.name().equals(name)).findFirst().orElse(null);
      if (named == null) {
        throw function.invalid("name", "names no function of 'tools'");
      }
      mode = Mode.REQUIRED;
    }
    if (functions.isEmpty() && mode != Mode.NONE) {
      throw body.invalid("tool_choice", "is only allowed together with 'tools'");
    }
    return new Tools(functions, mode, named, parallel && named == null);
  }

  static @Nullable ResponseFormat responseFormat(Fields body) {
    var format = body.object("response_format");
    if (format == null) {
      return null;
    }
    var type = format.required("type", format.text("type", 64));
    switch (type) {
      case "text":
        return null;
      case "json_object":
        return new ResponseFormat(null, false, "response_format");
      case "json_schema":
        var described = format.required("json_schema", format.object("json_schema"));
        name(described);
        described.text("description", MOST_DESCRIPTION);
        var schema = described.required("schema", described.object("schema"));
        return new ResponseFormat(schema.node(), described.flag("strict"), described.at("schema"));
      default:
        throw format.invalid("type", "must be one of json_object, json_schema, text");
    }
  }
}
