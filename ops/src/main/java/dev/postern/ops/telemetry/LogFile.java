package dev.postern.ops.telemetry;

import dev.postern.ops.process.BoundedLog;
import java.util.List;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Sends every log record to a bounded file, and warnings to standard error too. */
public final class LogFile extends Handler {
  /**
   * Tell their every step: Flyway what it does, Micrometer which of Vert.x's gauges has two
   * sources. Held here because the logging system holds loggers weakly.
   */
  private static final List<Logger> TALKATIVE =
      List.of(
          Logger.getLogger("org.flywaydb"),
          Logger.getLogger("io.micrometer.core.instrument.MeterRegistry"));

  private final BoundedLog file;

  private LogFile(BoundedLog file, Formatter formatter) {
    this.file = file;
    setFormatter(formatter);
    setLevel(Level.INFO);
  }

  /** Replaces what the JVM logs to by default. */
  public static void install(BoundedLog file, Formatter formatter) {
    LogManager.getLogManager().reset();
    var root = Logger.getLogger("");
    root.addHandler(new LogFile(file, formatter));
    root.addHandler(new Warnings());
    TALKATIVE.forEach(logger -> logger.setLevel(Level.SEVERE));
  }

  @Override
  public void publish(LogRecord entry) {
    if (isLoggable(entry)) {
      file.line(getFormatter().format(entry));
    }
  }

  @Override
  public void flush() {
    // The file is not buffered.
  }

  @Override
  public void close() {
    file.close();
  }

  private static final class Warnings extends Handler {
    private final Formatter formatter = new TextLines();

    Warnings() {
      setLevel(Level.WARNING);
    }

    @Override
    public void publish(LogRecord entry) {
      if (isLoggable(entry)) {
        System.err.println(formatter.format(entry));
      }
    }

    @Override
    public void flush() {
      System.err.flush();
    }

    @Override
    public void close() {
      flush();
    }
  }
}
