package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import io.vertx.ext.web.Router;
import java.util.List;

/**
 * Parts of the OpenAI API that this server does not have: a clear word instead of a bare 404, so
 * that nobody looks for a mistake in the address.
 */
final class LaterRoutes implements RouteGroup {
  private static final List<String> NOT_OFFERED =
      List.of(
          "assistants",
          "audio",
          "batches",
          "conversations",
          "evals",
          "files",
          "fine_tuning",
          "images",
          "moderations",
          "realtime",
          "responses",
          "threads",
          "uploads",
          "vector_stores",
          "videos");

  @Override
  public void register(Router router) {
    for (var name : NOT_OFFERED) {
      router
          .route("/v1/" + name + "*")
          .handler(ctx ->
              Api.fail(ctx, new WireException(new WireFailure.NotOffered(ctx.normalizedPath()))));
    }
  }
}
