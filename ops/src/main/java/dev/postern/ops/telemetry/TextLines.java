package dev.postern.ops.telemetry;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** A line a record, for people; a stack trace follows on lines of its own. */
public final class TextLines extends Formatter {
  @Override
  public String format(LogRecord entry) {
    var line =
        entry.getInstant()
            + " "
            + entry.getLevel()
            + " "
            + entry.getLoggerName()
            + " "
            + formatMessage(entry);
    return entry.getThrown() == null
        ? line
        : line + "\n" + trace(entry.getThrown()).stripTrailing();
  }

  static String trace(Throwable thrown) {
    var text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
