package dev.postern.gateway.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.pipeline.EventLoops;
import dev.postern.runners.wire.BadRequest;
import dev.postern.tenancy.Principal;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;

/**
 * What the routes of a {@link RouteGroup} share. A typical route:
 *
 * <pre>{@code
 * router.post("/v1/things/:id")
 *     .handler(Api.allow(ADMIN_KEY, SESSION))
 *     .handler(ctx -> Api.respond(ctx, Api.json(ctx).compose(body ->
 *         things.change(Api.principal(ctx).tenant(), ctx.pathParam("id"), body))));
 * }</pre>
 */
public final class Api {
  /** Writes answers; reads bodies strictly and not deeper than any of our shapes. */
  public static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(64).build())
              .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
              .build());

  private Api() {}

  /**
   * Lets principals of these kinds pass and refuses all others. The body waits unread meanwhile.
   */
  public static Handler<RoutingContext> allow(Principal.Kind first, Principal.Kind... more) {
    var kinds = EnumSet.of(first, more);
    return ctx -> {
      var exchange = Exchange.of(ctx);
      ctx.request().pause();
      exchange
          .authenticate(kinds)
          .onSuccess(principal -> ctx.next())
          .onFailure(cause -> fail(ctx, cause));
    };
  }

  /** The caller, on a route behind {@link #allow}. */
  public static Principal principal(RoutingContext ctx) {
    return Objects.requireNonNull(Exchange.of(ctx).principal(), "route without Api.allow");
  }

  /** The body as a JSON object; fails with {@link BadRequest} or one of the body's limits. */
  public static Future<ObjectNode> json(RoutingContext ctx) {
    return Exchange.of(ctx).body().map(Api::parseObject);
  }

  /**
   * The body as a form whose files go to disk.
   *
   * @param folder for the files; whoever gave it removes it
   */
  public static Future<UploadedForm> form(
      RoutingContext ctx, Path folder, UploadedForm.Shape shape) {
    return UploadedForm.read(ctx.vertx(), ctx.request(), folder, shape);
  }

  static ObjectNode parseObject(Buffer body) {
    try (JsonParser parser = JSON.createParser(body.getBytes())) {
      JsonNode tree = JSON.readTree(parser);
      if (tree instanceof ObjectNode object && parser.nextToken() == null) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new BadRequest(
          "We could not parse the JSON body of your request: " + e.getOriginalMessage(),
          null,
          "invalid_json");
    } catch (IOException e) {
      throw new BadRequest("The body is not valid UTF-8.", null, "invalid_json");
    }
    throw new BadRequest("The body must be one JSON object.", null, "invalid_json");
  }

  /** Answers 200 with the future's value, or with its failure in the error envelope. */
  public static void respond(RoutingContext ctx, Future<? extends JsonNode> answer) {
    EventLoops.here(answer)
        .onSuccess(value -> respondJson(ctx, 200, value))
        .onFailure(cause -> fail(ctx, cause));
  }

  public static void respondJson(RoutingContext ctx, int status, JsonNode value) {
    byte[] bytes;
    try {
      bytes = JSON.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      fail(ctx, e);
      return;
    }
    Exchange.of(ctx).send(status, Exchange.APPLICATION_JSON, Buffer.buffer(bytes));
  }

  /** The value of a query parameter that is given at most once, or null. */
  public static @org.jspecify.annotations.Nullable String query(RoutingContext ctx, String name) {
    List<String> values = ctx.queryParam(name);
    if (values.size() > 1) {
      throw new BadRequest("'" + name + "' is given more than once.", name, "invalid_value");
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  /** Answers with the failure in the error envelope. */
  public static void fail(RoutingContext ctx, Throwable cause) {
    Exchange.of(ctx).fail(cause);
  }
}
