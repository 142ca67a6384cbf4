package dev.postern.runners.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A runner's answer as events. */
final class EventStream implements RunnerPool.TokenStream {
  private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ERROR_KEY = "\"error\"".getBytes(StandardCharsets.US_ASCII);
  private static final JsonFactory JSON = new JsonFactory();

  /** How long a runner may take to close its answer after {@code [DONE]}. */
  private static final Duration CLOSING = Duration.ofSeconds(1);

  /**
   * How much of an answer is read before anybody takes it. What lies unread when a connection
   * breaks is lost, so the first events are taken off it at once.
   */
  private static final int READ_AHEAD_BYTES = 64 << 10;

  private enum State {
    READY,
    FLOWING,
    /** The last event is known but may not have been handed over yet. */
    ENDING,
    OVER
  }

  private final Exchange exchange;
  private final HttpClientResponse response;
  private final CircuitBreaker breaker;
  private final SseParser parser;
  private List<Buffer> group = new ArrayList<>();
  private State state = State.READY;
  private int readAhead;
  private boolean started;
  private boolean paused;
  private boolean flushPlanned;
  private boolean bodyEnded;
  private @Nullable RunnerException failure;
  private Consumer<List<Buffer>> onEvents = _ -> {};
  private Runnable onEnd = () -> {};
  private Consumer<RunnerException> onFailure = _ -> {};

  EventStream(
      Exchange exchange, HttpClientResponse response, CircuitBreaker breaker, int maxEventBytes) {
    this.exchange = exchange;
    this.response = response;
    this.breaker = breaker;
    parser = new SseParser(maxEventBytes);
    // A stream that takes too long in all may simply be long: the breaker is not told.
    exchange.onTotal(() ->
        end(new RunnerFailure.TimedOut(exchange.call.runner(), exchange.call.total()), false));
    response.exceptionHandler(cause -> brokeOff(cause.toString()));
    response.endHandler(_ -> bodyEnd());
    response.handler(this::read);
    response.resume();
  }

  @Override
  public void start(
      Consumer<List<Buffer>> onEvents, Runnable onEnd, Consumer<RunnerException> onFailure) {
    this.onEvents = onEvents;
    this.onEnd = onEnd;
    this.onFailure = onFailure;
    started = true;
    if (state == State.READY) {
      state = State.FLOWING;
      if (!paused) {
        response.resume();
      }
    }
    planFlush();
  }

  @Override
  public void pause() {
    paused = true;
    response.pause();
  }

  @Override
  public void resume() {
    paused = false;
    if (!started || state == State.OVER) {
      return;
    }
    response.resume();
    planFlush();
  }

  @Override
  public void cancel() {
    if (state == State.OVER) {
      return;
    }
    state = State.OVER;
    group = List.of();
    if (!bodyEnded) {
      exchange.reset();
    }
  }

  private boolean open() {
    return state == State.READY || state == State.FLOWING;
  }

  private void read(Buffer chunk) {
    if (!open()) {
      return;
    }
    if (state == State.READY) {
      readAhead += chunk.length();
      if (readAhead > READ_AHEAD_BYTES) {
        response.pause();
      }
    }
    var events = new ArrayList<Buffer>();
    try {
      parser.feed(chunk, events);
    } catch (SseParser.TooLong e) {
      brokeOff(e.getMessage());
    }
    for (var event : events) {
      if (!open()) {
        return;
      }
      accept(event);
    }
    planFlush();
  }

  private void accept(Buffer event) {
    var bytes = event.getBytes();
    if (startsWith(bytes, DONE)) {
      state = State.ENDING;
      exchange.done();
    } else if (isError(bytes)) {
      brokeOff("the runner sent an error event");
    } else {
      group.add(event);
    }
  }

  private void closeIfOpen() {
    if (!bodyEnded) {
      exchange.reset();
    }
  }

  private void bodyEnd() {
    bodyEnded = true;
    if (open()) {
      brokeOff("the answer ended without [DONE]");
    }
  }

  private void brokeOff(@Nullable String reason) {
    if (open()) {
      LOG.warn(
          "runner {}, request {}: {}", exchange.call.runner(), exchange.call.requestId(), reason);
      end(exchange.unavailable(), true);
    }
  }

  private void end(RunnerFailure cause, boolean runnersFault) {
    if (!open()) {
      return;
    }
    failure = new RunnerException(cause);
    state = State.ENDING;
    if (runnersFault) {
      breaker.onError(0, TimeUnit.NANOSECONDS, failure);
    }
    if (!bodyEnded) {
      exchange.reset();
    }
    exchange.done();
    planFlush();
  }

  /**
   * Hands over after everything that the same network read brought has arrived here, so that a
   * burst of chunks becomes one group.
   */
  private void planFlush() {
    if (started && !flushPlanned && (!group.isEmpty() || state == State.ENDING)) {
      flushPlanned = true;
      exchange.context.runOnContext(_ -> flush());
    }
  }

  private void flush() {
    flushPlanned = false;
    if (paused || state == State.OVER) {
      return;
    }
    if (!group.isEmpty()) {
      var events = group;
      group = new ArrayList<>();
      onEvents.accept(events);
    }
    if (state == State.ENDING && !paused) {
      state = State.OVER;
      if (failure == null) {
        if (!bodyEnded) {
          exchange.timer(CLOSING, this::closeIfOpen);
        }
        onEnd.run();
      } else {
        onFailure.accept(failure);
      }
    }
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    return bytes.length >= prefix.length
        && Arrays.equals(bytes, 0, prefix.length, prefix, 0, prefix.length);
  }

  /** Within a JSON string the quotes would be escaped, so the search finds only real names. */
  private static boolean isError(byte[] event) {
    return contains(event, ERROR_KEY) && hasErrorField(event);
  }

  private static boolean contains(byte[] bytes, byte[] wanted) {
    for (int i = 0; i <= bytes.length - wanted.length; i++) {
      if (bytes[i] == '"' && Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
        return true;
      }
    }
    return false;
  }

  private static boolean hasErrorField(byte[] event) {
    try (var parser = JSON.createParser(event)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean named = parser.currentName().equals("error");
        boolean filled = parser.nextToken() != JsonToken.VALUE_NULL;
        if (named && filled) {
          return true;
        }
        parser.skipChildren();
      }
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
