package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * One answer of a {@link FakeRunner}.
 *
 * @param raw whole writes of a stream; empty when the answer is made of {@code deltas}
 * @param dropAfter deltas before the connection is closed; -1 never
 * @param errorAfter deltas before an error event; -1 never
 * @param splitEvery bytes in one write of a stream; 0 writes one event at a time
 */
public record FakeReply(
    int status,
    Map<String, String> headers,
    String body,
    List<String> deltas,
    List<String> raw,
    List<float[]> vectors,
    FakeRunner.Usage usage,
    String finishReason,
    Duration between,
    int dropAfter,
    int errorAfter,
    int splitEvery,
    boolean silent) {

  private static final FakeRunner.Usage NO_USAGE = new FakeRunner.Usage(0, 0);

  public static FakeReply text(List<String> deltas, FakeRunner.Usage usage) {
    return new FakeReply(
        200,
        Map.of(),
        "",
        deltas,
        List.of(),
        List.of(),
        usage,
        "stop",
        Duration.ZERO,
        -1,
        -1,
        0,
        false);
  }

  public static FakeReply embeddings(List<float[]> vectors, int promptTokens) {
    return new FakeReply(
        200,
        Map.of(),
        "",
        List.of(),
        List.of(),
        vectors,
        new FakeRunner.Usage(promptTokens, 0),
        "stop",
        Duration.ZERO,
        -1,
        -1,
        0,
        false);
  }

  public static FakeReply status(int status, String body) {
    return new FakeReply(
        status,
        Map.of(),
        body,
        List.of(),
        List.of(),
        List.of(),
        NO_USAGE,
        "stop",
        Duration.ZERO,
        -1,
        -1,
        0,
        false);
  }

  public static FakeReply raw(List<String> writes) {
    return new FakeReply(
        200,
        Map.of(),
        "",
        List.of(),
        writes,
        List.of(),
        NO_USAGE,
        "stop",
        Duration.ZERO,
        -1,
        -1,
        0,
        false);
  }

  public static FakeReply hang() {
    return new FakeReply(
        200,
        Map.of(),
        "",
        List.of(),
        List.of(),
        List.of(),
        NO_USAGE,
        "stop",
        Duration.ZERO,
        -1,
        -1,
        0,
        true);
  }

  /** An error envelope. */
  public static String error(String message, String code) {
    return "{\"error\":{\"message\":\"%s\",\"type\":\"server_error\",\"param\":null,\"code\":\"%s\"}}"
        .formatted(message, code);
  }

  static FakeReply unscripted(String path, JsonNode body) {
    if (!path.endsWith("/embeddings")) {
      return text(List.of("Hello", " there", "."), new FakeRunner.Usage(5, 3));
    }
    var input = body.path("input");
    int count = input.isArray() && !input.path(0).isNumber() ? input.size() : 1;
    return embeddings(
        IntStream.range(0, count).mapToObj(_ -> new float[] {0.6f, 0.8f}).toList(), 2 * count);
  }

  public FakeReply header(String name, String value) {
    var more = new TreeMap<>(headers);
    more.put(name, value);
    return new FakeReply(
        status,
        more,
        body,
        deltas,
        raw,
        vectors,
        usage,
        finishReason,
        between,
        dropAfter,
        errorAfter,
        splitEvery,
        silent);
  }

  /** {@code stop}, {@code length} or {@code content_filter}. */
  public FakeReply finishReason(String reason) {
    return new FakeReply(
        status,
        headers,
        body,
        deltas,
        raw,
        vectors,
        usage,
        reason,
        between,
        dropAfter,
        errorAfter,
        splitEvery,
        silent);
  }

  /** Waits this long before each write of a stream. */
  public FakeReply between(Duration time) {
    return new FakeReply(
        status,
        headers,
        body,
        deltas,
        raw,
        vectors,
        usage,
        finishReason,
        time,
        dropAfter,
        errorAfter,
        splitEvery,
        silent);
  }

  public FakeReply dropAfter(int count) {
    return new FakeReply(
        status,
        headers,
        body,
        deltas,
        raw,
        vectors,
        usage,
        finishReason,
        between,
        count,
        errorAfter,
        splitEvery,
        silent);
  }

  public FakeReply errorAfter(int count) {
    return new FakeReply(
        status,
        headers,
        body,
        deltas,
        raw,
        vectors,
        usage,
        finishReason,
        between,
        dropAfter,
        count,
        splitEvery,
        silent);
  }

  /** Cuts the stream into writes of this many bytes, through events and characters. */
  public FakeReply splitEvery(int bytes) {
    return new FakeReply(
        status,
        headers,
        body,
        deltas,
        raw,
        vectors,
        usage,
        finishReason,
        between,
        dropAfter,
        errorAfter,
        bytes,
        silent);
  }
}
