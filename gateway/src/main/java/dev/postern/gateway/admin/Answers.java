package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.gateway.http.Api;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Function;

/** Turns what a route computes, or throws, into its answer. */
final class Answers {
  private Answers() {}

  static Handler<RoutingContext> json(
      Function<RoutingContext, ? extends Future<? extends JsonNode>> work) {
    return handle(ctx -> Api.respond(ctx, work.apply(ctx)));
  }

  /** For routes that answer by themselves but may throw before. */
  static Handler<RoutingContext> handle(Handler<RoutingContext> work) {
    return ctx -> {
      try {
        work.handle(ctx);
      } catch (RuntimeException e) {
        Api.fail(ctx, e);
      }
    };
  }

  static void text(RoutingContext ctx, String contentType, String fileName, String text) {
    begin(ctx, contentType, fileName);
    ctx.response().end(Buffer.buffer(text));
  }

  /** Writes the head of an answer that a browser saves as a file. */
  static void begin(RoutingContext ctx, String contentType, String fileName) {
    ctx.request().resume();
    ctx.response()
        .putHeader(HttpHeaders.CONTENT_TYPE, contentType)
        .putHeader("content-disposition", "attachment; filename=\"" + fileName + "\"");
  }
}
