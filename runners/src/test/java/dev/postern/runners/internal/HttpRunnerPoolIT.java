package dev.postern.runners.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPool.Call;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.runners.testing.FakeReply;
import dev.postern.runners.testing.FakeRunner;
import dev.postern.runners.testing.FakeRunner.Usage;
import dev.postern.runners.wire.CallerHeaders;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class HttpRunnerPoolIT {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(150);
  private static final String STREAMING =
      "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

  private Vertx vertx;
  private FakeRunner runner;
  private RunnerPool pool;

  @BeforeEach
  void start() {
    vertx = Vertx.vertx();
    runner = FakeRunner.start(vertx);
    pool = RunnerPool.create(vertx, RunnerPoolConfig.defaults("secret"));
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void sendsTokenAndRequestIdAndReturnsTheDocument() throws Exception {
    runner.chatReply("Paris");
    var answer = get(pool.call(call("{\"model\":\"m\"}", LONG, LONG)));
    assertThat(answer.toString()).contains("\"content\":\"Paris\"");
    var received = runner.received().getFirst();
    assertThat(received.path()).isEqualTo("/v1/chat/completions");
    assertThat(received.headers().get("authorization")).isEqualTo("Bearer secret");
    assertThat(received.headers().get("x-request-id")).isEqualTo("req-1");
    assertThat(CallerHeaders.read(received.headers()::get))
        .isEqualTo(new CallerHeaders("org-7", 3, -1));
    assertThat(received.body().get("model").asText()).isEqualTo("m");
  }

  @Test
  void streamsTheSameEventsHoweverTheBytesAreCut() throws Exception {
    var deltas = List.of("Grüße", " aus ", "東京", " 🎉", "\r\n\n");
    var whole = new Collected(stream(FakeReply.text(deltas, new Usage(3, 5)))).get();
    assertThat(whole).hasSize(8);
    for (int bytes = 1; bytes < 40; bytes++) {
      var cut = FakeReply.text(deltas, new Usage(3, 5)).splitEvery(bytes);
      assertThat(new Collected(stream(cut)).get()).as("split every %d", bytes).isEqualTo(whole);
    }
  }

  @Test
  void joinsWhatOneReadBroughtIntoOneGroup() throws Exception {
    runner.rawStream(
        List.of("data: {\"a\":1}\n\ndata: {\"a\":2}\n\ndata: {\"a\":3}\n\ndata: [DONE]\n\n"));
    var collected = new Collected(get(pool.stream(call(STREAMING, LONG, LONG))));
    assertThat(collected.get()).hasSize(3);
    assertThat(collected.groups).isEqualTo(1);
  }

  @Test
  void reportsARunnerThatCannotBeReached() {
    runner.close();
    assertThat(failure(pool.call(call("{}", LONG, LONG))))
        .isInstanceOf(RunnerFailure.Unavailable.class);
  }

  @Test
  void opensTheBreakerAfterFailuresAndUsesARestartedRunnerWithinTwoSeconds() throws Exception {
    int port = runner.port();
    runner.close();
    var call = call("{}", LONG, LONG);
    for (int i = 0; i < 5; i++) {
      failure(pool.call(call));
    }
    var returned = FakeRunner.startOn(vertx, port);
    assertThat(failure(pool.call(call))).isInstanceOf(RunnerFailure.Unavailable.class);
    assertThat(returned.received()).as("the breaker is open").isEmpty();
    var deadline = Promise.<Void>promise();
    vertx.setTimer(1100, _ -> deadline.complete());
    get(deadline.future());
    get(pool.call(call));
    get(pool.call(call));
  }

  @Test
  void keepsTheBreakerClosedWhenCallersErrOrGoAway() throws Exception {
    for (int i = 0; i < 10; i++) {
      runner.statusReply(400, FakeReply.error("no", "invalid_value"));
    }
    for (int i = 0; i < 10; i++) {
      assertThat(failure(pool.call(call("{}", LONG, LONG))))
          .isEqualTo(new RunnerFailure.Refused("r", 400, FakeReply.error("no", "invalid_value")));
    }
    var hanging = FakeRunner.start(vertx).hang();
    for (int i = 0; i < 10; i++) {
      var gone = Promise.<Void>promise();
      var answer = pool.call(call(hanging, "{}", LONG, LONG), gone.future());
      var received = hanging.awaitRequest(i + 1);
      gone.complete();
      failure(answer);
      received.awaitCancelled();
    }
    get(pool.call(call(FakeRunner.start(vertx), "{}", LONG, LONG)));
  }

  @Test
  void passesOnThatTheQueueIsFullWithoutMovingTheBreaker() {
    runner.overloaded(7);
    for (int i = 0; i < 10; i++) {
      assertThat(failure(pool.stream(call(STREAMING, LONG, LONG))))
          .isEqualTo(new RunnerFailure.Overloaded("r", Duration.ofSeconds(7)));
    }
  }

  @Test
  void treatsARefusedTokenAsOurOwnFault() {
    runner.statusReply(401, "{}");
    assertThat(failure(pool.call(call("{}", LONG, LONG))))
        .isInstanceOf(RunnerFailure.Unavailable.class);
  }

  @Test
  void limitsTheTimeToTheFirstByteAndTellsTheRunner() {
    runner.hang();
    assertThat(failure(pool.stream(call(STREAMING, SHORT, LONG))))
        .isEqualTo(new RunnerFailure.TimedOut("r", SHORT));
    runner.awaitRequest(1).awaitCancelled();
  }

  @Test
  void limitsTheTimeOfAWholeDocument() {
    runner.hang();
    assertThat(failure(pool.call(call("{}", LONG, SHORT))))
        .isEqualTo(new RunnerFailure.TimedOut("r", SHORT));
  }

  @Test
  void limitsTheTimeOfAWholeStream() throws Exception {
    runner.slowReply(List.of("a", "b", "c"), new Usage(1, 3), Duration.ofMillis(100));
    var collected = new Collected(get(pool.stream(call(STREAMING, LONG, Duration.ofMillis(250)))));
    assertThat(failure(collected.end.future()))
        .isEqualTo(new RunnerFailure.TimedOut("r", Duration.ofMillis(250)));
    runner.received().getFirst().awaitCancelled();
  }

  @Test
  void reportsAStreamThatBreaksOffAfterWhatItDelivered() throws Exception {
    runner.failAfter(2);
    var collected = new Collected(get(pool.stream(call(STREAMING, LONG, LONG))));
    assertThat(failure(collected.end.future())).isInstanceOf(RunnerFailure.Unavailable.class);
    assertThat(collected.events).hasSize(3);
  }

  @Test
  void reportsAStreamThatEndsWithoutDone() throws Exception {
    runner.rawStream(List.of("data: {}\n\n"));
    var collected = new Collected(get(pool.stream(call(STREAMING, LONG, LONG))));
    assertThat(failure(collected.end.future())).isInstanceOf(RunnerFailure.Unavailable.class);
    assertThat(collected.events).containsExactly("{}");
  }

  @Test
  void reportsAnErrorEventButNotTextThatMentionsErrors() throws Exception {
    runner.errorEventAfter(1);
    var broken = new Collected(get(pool.stream(call(STREAMING, LONG, LONG))));
    assertThat(failure(broken.end.future())).isInstanceOf(RunnerFailure.Unavailable.class);
    assertThat(broken.events).hasSize(2);
    var text = List.of("say \"error\"", "{\"error\":{}}");
    assertThat(new Collected(stream(FakeReply.text(text, new Usage(1, 2)))).get()).hasSize(5);
  }

  @Test
  void refusesAnEventWithoutEnd() throws Exception {
    runner.rawStream(List.of("data: " + "x".repeat(3 * 1024 * 1024)));
    var collected = new Collected(get(pool.stream(call(STREAMING, LONG, LONG))));
    assertThat(failure(collected.end.future())).isInstanceOf(RunnerFailure.Unavailable.class);
  }

  @Test
  void tellsTheRunnerWhenAStreamIsCancelled() throws Exception {
    runner.slowReply(List.of("a", "b", "c"), new Usage(1, 3), Duration.ofSeconds(5));
    runner.reply(FakeReply.text(List.of("x"), new Usage(1, 1)));
    var request = pool.stream(call(STREAMING, Duration.ofMillis(100), LONG));
    failure(request);
    runner.awaitRequest(1).awaitCancelled();
    var stream = get(pool.stream(call(STREAMING, LONG, LONG)));
    stream.cancel();
    stream.cancel();
  }

  @Test
  void holdsEverythingBackWhilePaused() throws Exception {
    var deltas = new ArrayList<String>();
    for (int i = 0; i < 2000; i++) {
      deltas.add("delta " + i + " ".repeat(10_000));
    }
    runner.streamReply(deltas, new Usage(1, 2000));
    var stream = get(pool.stream(call(STREAMING, LONG, LONG)));
    var first = Promise.<Void>promise();
    var end = Promise.<Void>promise();
    var events = new ArrayList<Buffer>();
    stream.start(
        group -> {
          events.addAll(group);
          if (first.tryComplete()) {
            stream.pause();
          }
        },
        end::complete,
        end::fail);
    get(first.future());
    int whenPaused = events.size();
    var later = Promise.<Void>promise();
    vertx.setTimer(200, _ -> later.complete());
    get(later.future());
    assertThat(events).hasSize(whenPaused);
    assertThat(runner.received().getFirst().ended().isComplete())
        .as("the runner feels the pause")
        .isFalse();
    stream.resume();
    get(end.future());
    assertThat(events).hasSize(2003);
  }

  private RunnerPool.TokenStream stream(FakeReply reply) throws Exception {
    var scripted = FakeRunner.start(vertx).reply(reply);
    return get(pool.stream(call(scripted, STREAMING, LONG, LONG)));
  }

  private Call call(String body, Duration firstByte, Duration total) {
    return call(runner, body, firstByte, total);
  }

  private static Call call(FakeRunner to, String body, Duration firstByte, Duration total) {
    return new Call(
        "r",
        to.uri(),
        "/v1/chat/completions",
        "req-1",
        new CallerHeaders("org-7", 3, -1),
        Buffer.buffer(body),
        firstByte,
        total);
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  private static RunnerFailure failure(Future<?> future) {
    try {
      get(future);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RunnerException known) {
        return known.failure();
      }
      throw new AssertionError(e);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("did not fail");
  }

  private static final class Collected {
    final List<String> events = new ArrayList<>();
    final Promise<Void> end = Promise.promise();
    int groups;

    Collected(RunnerPool.TokenStream stream) {
      stream.start(
          group -> {
            groups++;
            group.forEach(event -> events.add(event.toString()));
          },
          end::complete,
          end::fail);
    }

    List<String> get() throws Exception {
      HttpRunnerPoolIT.get(end.future());
      return events;
    }
  }
}
