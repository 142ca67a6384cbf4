package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.postern.ops.runner.Devices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * What an installation can be told, from {@code postern.properties} in its home. Options of the
 * command line come before it.
 *
 * @param host the address the gateway listens on
 * @param port the gateway's port
 * @param metricsPort a port on the loopback address that serves {@code /metrics} without a key; 0
 *     for none
 * @param drainLimit how long requests in flight may take to finish when Postern stops
 * @param runnerMemory the most heap of the runner's JVM; a model's weights come on top
 * @param measureModels whether models without a measurement are measured when nobody uses them
 * @param device what the runners of this machine compute on: {@code auto}, {@code cpu}, or such as
 *     {@code cuda:0,cuda:1} for a runner each
 * @param logFormat how lines of {@code logs/gateway.log} look
 */
public record PosternConfig(
    String host,
    int port,
    int metricsPort,
    Duration drainLimit,
    Megabytes runnerMemory,
    boolean measureModels,
    Devices device,
    LogFormat logFormat) {

  private static final PosternConfig DEFAULTS =
      new PosternConfig(
          "127.0.0.1",
          8080,
          0,
          Duration.ofSeconds(20),
          new Megabytes(384),
          true,
          Devices.parse("auto"),
          LogFormat.JSON);

  private static final List<String> KEYS =
      List.of(
          "host",
          "port",
          "metrics-port",
          "drain-limit",
          "runner-memory",
          "measure-models",
          "device",
          "log-format");

  /** How a log line is written. */
  public enum LogFormat {
    JSON,
    TEXT
  }

  /** An amount of memory. */
  public record Megabytes(int count) {}

  public static PosternConfig defaults() {
    return DEFAULTS;
  }

  /** Reads the file; without one everything has its default. */
  public static PosternConfig read(Path file) throws IOException {
    var values = new Properties();
    if (Files.exists(file)) {
      try (var reader = Files.newBufferedReader(file, UTF_8)) {
        values.load(reader);
      }
    }
    try {
      return of(values);
    } catch (UsageException e) {
      throw new UsageException(file + ": " + e.getMessage());
    }
  }

  static PosternConfig of(Properties values) {
    var unknown = new TreeSet<>(values.stringPropertyNames());
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      throw new UsageException(
          "unknown key " + unknown.first() + "; the keys are " + String.join(", ", KEYS));
    }
    return new PosternConfig(
        values.getProperty("host", DEFAULTS.host()),
        value(values, "port", DEFAULTS.port(), PosternConfig::port, "a port from 1 to 65535"),
        value(
            values,
            "metrics-port",
            DEFAULTS.metricsPort(),
            PosternConfig::port,
            "a port from 1 to 65535"),
        value(
            values,
            "drain-limit",
            DEFAULTS.drainLimit(),
            PosternConfig::duration,
            "a time such as 20s or 2m"),
        value(
            values,
            "runner-memory",
            DEFAULTS.runnerMemory(),
            PosternConfig::megabytes,
            "an amount such as 384m or 2g"),
        value(
            values,
            "measure-models",
            DEFAULTS.measureModels(),
            PosternConfig::flag,
            "true or false"),
        values.getProperty("device") == null
            ? DEFAULTS.device()
            : Devices.parse(values.getProperty("device").strip()),
        value(
            values, "log-format", DEFAULTS.logFormat(), PosternConfig::logFormat, "json or text"));
  }

  /** The same with the options that were given on the command line. */
  public PosternConfig with(String host, int port, int metricsPort, Devices device) {
    return new PosternConfig(
        host, port, metricsPort, drainLimit, runnerMemory, measureModels, device, logFormat);
  }

  private static <T> T value(
      Properties values, String key, T fallback, Function<String, T> reader, String expected) {
    var text = values.getProperty(key);
    if (text == null) {
      return fallback;
    }
    try {
      return reader.apply(text.strip());
    } catch (IllegalArgumentException | ArithmeticException | DateTimeException e) {
      throw new UsageException(key + " must be " + expected + ", not " + text.strip());
    }
  }

  private static int port(String text) {
    int port = Integer.parseInt(text);
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException(text);
    }
    return port;
  }

  private static Duration duration(String text) {
    return Duration.parse("PT" + text);
  }

  private static Megabytes megabytes(String text) {
    int number = Integer.parseInt(text.substring(0, Math.max(0, text.length() - 1)));
    if (number < 1) {
      throw new IllegalArgumentException(text);
    }
    if (text.endsWith("m")) {
      return new Megabytes(number);
    }
    if (text.endsWith("g")) {
      return new Megabytes(Math.multiplyExact(number, 1024));
    }
    throw new IllegalArgumentException(text);
  }

  private static boolean flag(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      case String other -> throw new IllegalArgumentException(other);
    };
  }

  private static LogFormat logFormat(String text) {
    return switch (text) {
      case "json" -> LogFormat.JSON;
      case "text" -> LogFormat.TEXT;
      case String other -> throw new IllegalArgumentException(other);
    };
  }
}
