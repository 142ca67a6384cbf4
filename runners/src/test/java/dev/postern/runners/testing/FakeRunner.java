package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A runner that plays a script over real HTTP and remembers what it was asked.
 *
 * <p>Each call of a {@code …Reply} method adds one answer; the last one repeats for every further
 * request. Without a script it answers chats and completions with "Hello there." and embeddings
 * with unit vectors. Text answers follow the request's {@code stream} flag.
 *
 * <pre>{@code
 * var runner = FakeRunner.start(vertx).streamReply(List.of("Par", "is"), new Usage(7, 2));
 * pool.stream(call(runner.uri()));
 * assertThat(runner.received().getFirst().body().get("model").asText()).isEqualTo("m");
 * }</pre>
 */
public final class FakeRunner implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Tokens as the answer reports them. */
  public record Usage(int promptTokens, int completionTokens) {}

  /**
   * @param ended completes when the answer was sent whole, fails when the caller went away first
   */
  public record Received(String path, MultiMap headers, JsonNode body, Future<Void> ended) {
    /** Waits until the caller has closed the connection before the answer's end. */
    public void awaitCancelled() {
      FakeRunner.await(ended.otherwiseEmpty());
      if (ended.succeeded()) {
        throw new AssertionError("the answer was sent to its end");
      }
    }
  }

  private final HttpServer server;
  private final Deque<FakeReply> script = new ArrayDeque<>();
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private final List<Waiting> waiting = new CopyOnWriteArrayList<>();
  private int port;

  private record Waiting(int count, Promise<Void> reached) {}

  private FakeRunner(Vertx vertx) {
    server = vertx.createHttpServer(new HttpServerOptions().setHost("127.0.0.1").setPort(0));
    server.requestHandler(request -> serve(vertx, request));
  }

  /** Starts on a free port of 127.0.0.1. */
  public static FakeRunner start(Vertx vertx) {
    return startOn(vertx, 0);
  }

  /** Starts on a known port, to stand in for a runner that came back. */
  public static FakeRunner startOn(Vertx vertx, int port) {
    var runner = new FakeRunner(vertx);
    await(runner.server.listen(port));
    runner.port = runner.server.actualPort();
    return runner;
  }

  public URI uri() {
    return URI.create("http://127.0.0.1:" + port);
  }

  public int port() {
    return port;
  }

  /** Answers with this text, as one document or as a stream of one delta. */
  public FakeRunner chatReply(String text) {
    return reply(FakeReply.text(List.of(text), new Usage(5, 3)));
  }

  /** Answers with these deltas; a request without {@code stream} gets them joined. */
  public FakeRunner streamReply(List<String> deltas, Usage usage) {
    return reply(FakeReply.text(deltas, usage));
  }

  /** As {@link #streamReply}, with time between the deltas. */
  public FakeRunner slowReply(List<String> deltas, Usage usage, Duration between) {
    return reply(FakeReply.text(deltas, usage).between(between));
  }

  /** Answers an embedding request with these vectors. */
  public FakeRunner embeddingReply(List<float[]> vectors, int promptTokens) {
    return reply(FakeReply.embeddings(vectors, promptTokens));
  }

  /** Answers with a status and a body, such as an error envelope. */
  public FakeRunner statusReply(int status, String body) {
    return reply(FakeReply.status(status, body));
  }

  /** Answers 503 with a {@code retry-after} in seconds, as a runner whose queue is full. */
  public FakeRunner overloaded(int retryAfterSeconds) {
    return reply(
        FakeReply.status(503, FakeReply.error("busy", "server_is_overloaded"))
            .header("retry-after", Integer.toString(retryAfterSeconds)));
  }

  /** Accepts the request and never answers. */
  public FakeRunner hang() {
    return reply(FakeReply.hang());
  }

  /** Closes the connection after this many deltas of a stream; 0 closes it before the head. */
  public FakeRunner failAfter(int deltas) {
    return reply(
        FakeReply.text(List.of("one ", "two ", "three ", "four "), new Usage(5, 4))
            .dropAfter(deltas));
  }

  /** Sends an error event after this many deltas, as a runner whose engine failed. */
  public FakeRunner errorEventAfter(int deltas) {
    return reply(
        FakeReply.text(List.of("one ", "two ", "three ", "four "), new Usage(5, 4))
            .errorAfter(deltas));
  }

  /** Answers a stream with exactly these writes. */
  public FakeRunner rawStream(List<String> writes) {
    return reply(FakeReply.raw(writes));
  }

  /** Adds any other answer. */
  public synchronized FakeRunner reply(FakeReply reply) {
    script.add(reply);
    return this;
  }

  /** What was asked, in order of arrival. */
  public List<Received> received() {
    return List.copyOf(received);
  }

  /** Waits until this many requests have arrived and returns the last of them. */
  public Received awaitRequest(int count) {
    var reached = Promise.<Void>promise();
    waiting.add(new Waiting(count, reached));
    notifyWaiting();
    await(reached.future());
    return received.get(count - 1);
  }

  /** Stops listening and drops every connection, as a process that was killed. */
  @Override
  public void close() {
    await(server.close());
  }

  private void serve(Vertx vertx, HttpServerRequest request) {
    request
        .body()
        .onSuccess(body -> {
          var ended = Promise.<Void>promise();
          JsonNode json;
          try {
            json = body.length() == 0 ? JSON.nullNode() : JSON.readTree(body.getBytes());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          var reply = next(request.path(), json);
          request.response().closeHandler(_ -> ended.tryFail("the caller went away"));
          request.response().exceptionHandler(ended::tryFail);
          received.add(new Received(request.path(), request.headers(), json, ended.future()));
          notifyWaiting();
          new FakeAnswer(vertx, request, json, reply, ended).play();
        });
  }

  private synchronized FakeReply next(String path, JsonNode body) {
    @Nullable FakeReply reply = script.size() > 1 ? script.poll() : script.peek();
    return reply == null ? FakeReply.unscripted(path, body) : reply;
  }

  private void notifyWaiting() {
    for (var waiter : waiting) {
      if (received.size() >= waiter.count()) {
        waiter.reached().tryComplete();
      }
    }
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
