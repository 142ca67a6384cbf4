package dev.postern.runners.template;

import java.util.List;
import java.util.Map;

/** Values as text in the way Python's json module and its repr write them. */
final class Json {
  private static final int MAX_DEPTH = 50;

  private final boolean python;
  private final int indent;
  private final StringBuilder out = new StringBuilder();

  private Json(boolean python, int indent) {
    this.python = python;
    this.indent = indent;
  }

  /**
   * @param indent blanks a level, or 0 for one line
   */
  static String json(Object value, int indent) {
    var json = new Json(false, indent);
    json.write(value, 0);
    return json.out.toString();
  }

  static String python(Object value) {
    var json = new Json(true, 0);
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int depth) {
    if (depth > MAX_DEPTH) {
      throw new TemplateFailure("a value is nested too deeply");
    }
    switch (value) {
      case String text -> quote(text);
      case Boolean bool -> out.append(python ? Values.text(bool) : bool.toString());
      case Long number -> out.append(number);
      case Double number -> out.append(number);
      case List<?> list -> {
        out.append('[');
        String between = "";
        for (Object item : list) {
          out.append(between);
          line(depth + 1);
          write(item, depth + 1);
          between = separator();
        }
        close(list.isEmpty(), depth, ']');
      }
      case Map<?, ?> map -> {
        out.append('{');
        String between = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          out.append(between);
          line(depth + 1);
          quote(String.valueOf(entry.getKey()));
          out.append(": ");
          write(entry.getValue(), depth + 1);
          between = separator();
        }
        close(map.isEmpty(), depth, '}');
      }
      default -> {
        if (value != Values.NONE) {
          throw new TemplateFailure("a value has no JSON form");
        }
        out.append(python ? "None" : "null");
      }
    }
  }

  private String separator() {
    return indent > 0 ? "," : ", ";
  }

  private void line(int depth) {
    if (indent > 0) {
      out.append('\n').repeat(' ', indent * depth);
    }
  }

  private void close(boolean empty, int depth, char bracket) {
    if (!empty) {
      line(depth);
    }
    out.append(bracket);
  }

  private void quote(String text) {
    char mark = python && (!text.contains("'") || text.contains("\"")) ? '\'' : '"';
    out.append(mark);
    for (int i = 0; i < text.length(); i++) {
      char character = text.charAt(i);
      switch (character) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\\' -> out.append("\\\\");
        default -> {
          if (character == mark) {
            out.append('\\').append(mark);
          } else if (character < ' ') {
            out.append(python ? "\\x%02x".formatted((int) character) : control(character));
          } else {
            out.append(character);
          }
        }
      }
    }
    out.append(mark);
  }

  private static String control(char character) {
    return switch (character) {
      case '\b' -> "\\b";
      case '\f' -> "\\f";
      default -> "\\u%04x".formatted((int) character);
    };
  }
}
