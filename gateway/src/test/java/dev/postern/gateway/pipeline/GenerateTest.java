package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.testing.Calls;
import dev.postern.gateway.testing.FakeClient;
import dev.postern.gateway.testing.FakeStream;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.RoutePlan.Candidate;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class GenerateTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final FakeClient client = new FakeClient("");
  private final FakePool pool = new FakePool();
  private final AdapterSupply adapters =
      new AdapterSupply(Vertx.vertx(), pool, new AdapterFiles(Path.of("nowhere")));
  private final Generate generate = new Generate(pool, adapters, SECOND, SECOND);

  @Test
  void asksRunnersInOrderUntilOneAnswers() {
    pool.answers.add(failed(new RunnerFailure.Unavailable("one", SECOND)));
    pool.answers.add(failed(new RunnerFailure.Overloaded("two", SECOND)));
    pool.answers.add(Future.succeededFuture(Buffer.buffer("{}")));

    assertThat(generate.begin(screened("", 3)).succeeded()).isTrue();

    assertThat(pool.asked).containsExactly("runner-0", "runner-1", "runner-2");
  }

  @Test
  void aRefusalAndATimeOutAreFinal() {
    pool.answers.add(failed(new RunnerFailure.Refused("one", 400, "{}")));
    pool.answers.add(failed(new RunnerFailure.TimedOut("one", SECOND)));

    assertThat(generate.begin(screened("", 2)).failed()).isTrue();
    assertThat(generate.begin(screened("", 2)).failed()).isTrue();

    assertThat(pool.asked).containsExactly("runner-0", "runner-0");
  }

  @Test
  void theLastFailureIsTheOneThatIsTold() {
    pool.answers.add(failed(new RunnerFailure.Unavailable("one", SECOND)));
    var full = new RunnerFailure.Overloaded("two", SECOND);
    pool.answers.add(failed(full));

    assertThat(generate.begin(screened("", 2)).cause())
        .isInstanceOfSatisfying(
            RunnerException.class, e -> assertThat(e.failure()).isEqualTo(full));
  }

  @Test
  void aStreamThatBreaksBeforeItsFirstEventIsTakenOverByTheNextRunner() {
    var second = new FakeStream();
    pool.streams.add(pool.stream);
    pool.streams.add(second);
    var generation = generate.begin(screened(",\"stream\":true", 2));
    assertThat(generation.isComplete()).isFalse();

    pool.stream.fail(new RunnerException(new RunnerFailure.Unavailable("one", SECOND)));
    second.events("{}");

    assertThat(generation.succeeded()).isTrue();
    assertThat(second.paused).isTrue();
  }

  @Test
  void theFirstEventsAreKeptForWhoeverReadsTheStream() {
    pool.streams.add(pool.stream);
    var generation = generate.begin(screened(",\"stream\":true", 1));
    pool.stream.events("1", "2");
    var seen = new ArrayList<String>();

    ((Generation.Stream) generation.result())
        .events()
        .start(
            events -> events.forEach(event -> seen.add(event.toString())),
            () -> seen.add("end"),
            failure -> seen.add("failure"));
    pool.stream.events("3");
    pool.stream.end();

    assertThat(seen).containsExactly("1", "2", "3", "end");
    assertThat(pool.stream.paused).isFalse();
  }

  @Test
  void aClientThatLeavesWhileWaitingForTheFirstEventCancelsAndAsksNoOther() {
    pool.streams.add(pool.stream);
    var generation = generate.begin(screened(",\"stream\":true", 2));

    client.gone.complete();

    assertThat(generation.failed()).isTrue();
    assertThat(pool.stream.cancelled).isTrue();
    assertThat(pool.asked).containsExactly("runner-0");
  }

  private static <T> Future<T> failed(RunnerFailure failure) {
    return Future.failedFuture(new RunnerException(failure));
  }

  private ScreenedCall screened(String fields, int runners) {
    var screened = Calls.screened(client, Calls.chat(fields));
    var candidates = new ArrayList<Candidate>();
    for (var i = 0; i < runners; i++) {
      candidates.add(new Candidate("runner-" + i, URI.create("http://127.0.0.1:1"), "m@1"));
    }
    var admitted = screened.admitted();
    var plan = new RoutePlan("m", admitted.plan().version(), candidates);
    return new ScreenedCall(
        new AdmittedCall(
            new RoutedCall(admitted.routed().parsed(), plan),
            admitted.demand(),
            admitted.reservation()),
        screened.policy(),
        screened.texts(),
        screened.findings());
  }

  private static final class FakePool implements RunnerPool {
    final FakeStream stream = new FakeStream();
    final Deque<Future<Buffer>> answers = new ArrayDeque<>();
    final Deque<TokenStream> streams = new ArrayDeque<>();
    final List<String> asked = new ArrayList<>();

    @Override
    public Future<Buffer> call(Call call, Future<?> abandoned) {
      asked.add(call.runner());
      return answers.remove();
    }

    @Override
    public Future<TokenStream> stream(Call call) {
      asked.add(call.runner());
      var opened = Promise.<TokenStream>promise();
      opened.complete(streams.remove());
      return opened.future();
    }

    @Override
    public Future<Buffer> deliver(Delivery delivery) {
      throw new AssertionError("nobody sends a file");
    }

    @Override
    public Future<Void> tell(URI baseUri, String path, Buffer document) {
      throw new AssertionError("nobody tells anything");
    }

    @Override
    public Future<Buffer> capacity(URI baseUri) {
      throw new AssertionError("nobody asks");
    }
  }
}
