package dev.postern.ops.telemetry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** One JSON object a line, for machines. */
public final class JsonLines extends Formatter {
  /** Its messages are JSON objects already. */
  private static final String ACCESS_LOG = "dev.postern.access";

  @Override
  public String format(LogRecord entry) {
    if (ACCESS_LOG.equals(entry.getLoggerName())) {
      return formatMessage(entry);
    }
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
