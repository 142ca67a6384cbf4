package dev.postern.runners.server;

import java.util.Locale;
import java.util.Map;

/** Writes the Prometheus text format, in which all lines of a name lie together. */
final class PrometheusText {
  private final StringBuilder text = new StringBuilder();
  private String last = "";

  /**
   * @param sorted by name and labels
   */
  void counters(Map<String, Double> sorted) {
    sorted.forEach((counter, value) -> {
      int labels = counter.indexOf('{');
      line(counter.substring(0, labels), "counter", counter.substring(labels), value);
    });
  }

  void counter(String name, double value) {
    line(name, "counter", "", value);
  }

  /**
   * @param labels without braces; may be empty
   */
  void counter(String name, String labels, double value) {
    line(name, "counter", "{" + labels + "}", value);
  }

  void gauge(String name, double value) {
    line(name, "gauge", "", value);
  }

  void gauge(String name, String labels, double value) {
    line(name, "gauge", "{" + labels + "}", value);
  }

  static String label(String name, String value) {
    var escaped = value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return name + "=\"" + escaped + "\"";
  }

  private void line(String name, String type, String labels, double value) {
    if (!name.equals(last)) {
      text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
      last = name;
    }
    text.append(name).append(labels).append(' ');
    if (value == Math.rint(value)) {
      text.append((long) value);
    } else {
      text.append(String.format(Locale.ROOT, "%.6f", value));
    }
    text.append('\n');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
