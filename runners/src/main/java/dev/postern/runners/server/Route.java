package dev.postern.runners.server;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * One path of the runner's API. To add one, give it from a {@code routes()} method and list that in
 * {@link RunnerServer}.
 *
 * @param path exact, also its name in metrics
 * @param readsBody whether the body is read for it, within the usual limits
 * @param answer called on the server's event loop once the caller is known and the body is whole
 */
record Route(
    HttpMethod method,
    String path,
    Access access,
    boolean readsBody,
    BiConsumer<ServedCall, Buffer> answer) {

  /** Who is answered, and when. */
  enum Access {
    /** Anyone, at any time. */
    OPEN,
    /** Who shows the runner's token. */
    TOKEN,
    /** Who shows the token, and not while the runner drains. */
    WORK
  }

  /** Tells everyone something. */
  static Route open(String path, Consumer<ServedCall> answer) {
    return new Route(HttpMethod.GET, path, Access.OPEN, false, (call, _) -> answer.accept(call));
  }

  static Route get(String path, Consumer<ServedCall> answer) {
    return new Route(HttpMethod.GET, path, Access.TOKEN, false, (call, _) -> answer.accept(call));
  }

  /** Changes something about the runner. */
  static Route post(String path, BiConsumer<ServedCall, Buffer> answer) {
    return new Route(HttpMethod.POST, path, Access.TOKEN, true, answer);
  }

  /** Is given a file, which it reads itself; called at once. */
  static Route upload(String path, Consumer<ServedCall> answer) {
    return new Route(HttpMethod.POST, path, Access.TOKEN, false, (call, _) -> answer.accept(call));
  }

  /** Has a model work. */
  static Route work(String path, BiConsumer<ServedCall, Buffer> answer) {
    return new Route(HttpMethod.POST, path, Access.WORK, true, answer);
  }
}
