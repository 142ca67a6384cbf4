package dev.postern.gateway.admin;

import static dev.postern.tenancy.testing.TestPostgres.await;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A runner that keeps adapters as a real one does, and answers completions with the model's name.
 * What it is given is known by the bytes; a file with the word "broken" is refused.
 */
final class AdapterRunner implements AutoCloseable {
  final Set<String> kept = ConcurrentHashMap.newKeySet();
  final List<String> given = new CopyOnWriteArrayList<>();
  private final HttpServer server;

  AdapterRunner(Vertx vertx) {
    server = vertx.createHttpServer();
    server.requestHandler(request -> request.body().onSuccess(body -> answer(request, body)));
    await(server.listen(0, "127.0.0.1"));
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.actualPort());
  }

  private void answer(HttpServerRequest request, Buffer body) {
    switch (request.path()) {
      case "/control/adapters/import" -> take(request, body);
      case "/control/adapters/remove" -> {
        kept.remove(body.toJsonObject().getString("digest"));
        end(request, 200, new JsonObject());
      }
      default -> complete(request, body.toJsonObject().getString("model"));
    }
  }

  private void take(HttpServerRequest request, Buffer body) {
    if (body.toString(StandardCharsets.ISO_8859_1).contains("broken")) {
      end(request, 400, error("the adapter is broken", "invalid_value"));
      return;
    }
    var digest = "sha256:" + sha256(body);
    kept.add(digest);
    given.add(request.getParam("model") + " " + request.getParam("name"));
    end(
        request,
        200,
        new JsonObject()
            .put("digest", digest)
            .put("rank", 8)
            .put("targets", new JsonArray().add("q").add("v"))
            .put("parameters", 4096)
            .put("bytes", 16384));
  }

  private void complete(HttpServerRequest request, String model) {
    int at = model.indexOf("@sha256:");
    if (at > 0 && !kept.contains(model.substring(at + 1))) {
      end(request, 404, error("no such adapter", "adapter_not_found"));
      return;
    }
    end(
        request,
        200,
        new JsonObject()
            .put("id", "cmpl-1")
            .put("object", "text_completion")
            .put("created", 1)
            .put("model", model)
            .put(
                "choices",
                new JsonArray()
                    .add(
                        new JsonObject()
                            .put("index", 0)
                            .put("text", "as " + model)
                            .put("finish_reason", "stop")))
            .put(
                "usage",
                new JsonObject()
                    .put("prompt_tokens", 5)
                    .put("completion_tokens", 3)
                    .put("total_tokens", 8)));
  }

  private static JsonObject error(String message, String code) {
    return new JsonObject()
        .put("error", new JsonObject().put("message", message).put("code", code));
  }

  private static void end(HttpServerRequest request, int status, JsonObject body) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .end(body.toBuffer());
  }

  private static String sha256(Buffer body) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body.getBytes()));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    await(server.close());
  }
}
