package dev.postern.ops.telemetry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** One JSON object a line, for machines. */
public final class JsonLines extends Formatter {
  @Override
  public String format(LogRecord entry) {
    var line = JsonNodeFactory.instance.objectNode();
    line.put("time", entry.getInstant().toString());
    line.put("level", entry.getLevel().getName());
    line.put("logger", entry.getLoggerName());
    var message = formatMessage(entry);
    line.put("message", message);
    if (entry.getThrown() != null) {
      line.put("error", TextLines.trace(entry.getThrown()));
    }
    return line.toString();
  }
}
