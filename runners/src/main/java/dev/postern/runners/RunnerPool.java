package dev.postern.runners;

import dev.postern.runners.internal.HttpRunnerPool;
import dev.postern.runners.wire.CallerHeaders;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Calls runners over their OpenAI-compatible HTTP API, with a breaker and time limits around each.
 * Only a runner's own outcomes move its breaker: a client that goes away or a refused request does
 * not.
 */
public interface RunnerPool {
  /** The code of a runner's 404 that means {@link RunnerFailure.UnknownAdapter}. */
  String UNKNOWN_ADAPTER = "adapter_not_found";

  /** Opens a pool whose connections close with {@code vertx}. */
  static RunnerPool create(Vertx vertx, RunnerPoolConfig config) {
    return new HttpRunnerPool(vertx, config);
  }

  /**
   * Sends a request whose answer is one JSON document. Such an answer begins when it is complete,
   * so only {@link Call#total()} limits it.
   *
   * @return the body of a 200; fails with {@link RunnerException}
   */
  default Future<Buffer> call(Call call) {
    return call(call, Promise.promise().future());
  }

  /**
   * As {@link #call(Call)}, for a caller that may go away.
   *
   * @param abandoned completes when nobody waits for the answer any more: the runner is told to
   *     stop, and the returned future fails
   */
  Future<Buffer> call(Call call, Future<?> abandoned);

  /**
   * Sends a request whose answer is a stream of events.
   *
   * @return the stream once the runner has answered 200, paused; fails with {@link RunnerException}
   */
  Future<TokenStream> stream(Call call);

  /**
   * What a runner serves and how much it can still take, as it says itself: {@code GET
   * /control/capacity}. Asked beside the breaker, which it does not move.
   *
   * @return the document; fails when the runner does not give it within two seconds
   */
  Future<Buffer> capacity(URI baseUri);

  /**
   * Gives a runner a file. Beside the breaker, which it does not move.
   *
   * @return the body of a 200; fails with {@link RunnerException}
   */
  Future<Buffer> deliver(Delivery delivery);

  /**
   * Tells a runner something by a JSON document. Beside the breaker, which it does not move.
   *
   * @return fails when it does not agree within two seconds
   */
  Future<Void> tell(URI baseUri, String path, Buffer document);

  /**
   * A file for a runner.
   *
   * @param path with its query
   * @param limit until the runner has answered
   */
  record Delivery(String runner, URI baseUri, String path, Path file, Duration limit) {}

  /**
   * @param runner stable name, the breaker's key
   * @param baseUri such as {@code http://127.0.0.1:9000}
   * @param path such as {@code /v1/chat/completions}
   * @param requestId sent as {@code x-request-id} and answered in the runner's log line
   * @param caller on whose behalf; runners keep tenants apart by it
   * @param firstByte limit until a stream begins; {@code total} until the answer ends
   */
  record Call(
      String runner,
      URI baseUri,
      String path,
      String requestId,
      CallerHeaders caller,
      Buffer body,
      Duration firstByte,
      Duration total) {}

  /** Server-sent events, in groups as the network brought them, with back-pressure. */
  interface TokenStream {
    /**
     * Starts the flow. All three run on the caller's context.
     *
     * @param onEvents the {@code data:} payloads of one read, in order, without {@code [DONE]}
     * @param onEnd after {@code [DONE]}
     * @param onFailure a {@link RunnerException} when it broke off; no call follows
     */
    void start(
        Consumer<List<Buffer>> onEvents, Runnable onEnd, Consumer<RunnerException> onFailure);

    void pause();

    void resume();

    /** Ends the call at the runner, which stops generating within one step. */
    void cancel();
  }
}
