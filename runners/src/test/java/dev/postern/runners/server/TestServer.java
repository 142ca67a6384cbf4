package dev.postern.runners.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.engine.Device;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A runner's server in this JVM with whatever models a test gives it, and a client of it. */
final class TestServer implements AutoCloseable {
  static final String CHAT =
      "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
  static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochSecond(1_700_000_000));

  /** A process that takes no time but for its rows, so that what requests are told is exact. */
  static final LongSupplier NO_OVERHEAD = () -> 0;

  /** Never bites. */
  static final Watchdog WATCHDOG = new Watchdog(Duration.ofDays(1), _ -> {});

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient client = HttpClient.newHttpClient();
  private final Vertx vertx = Vertx.vertx();
  private final RunnerServer server;
  private final @Nullable String token;

  TestServer(@Nullable String token, RunnerServer.Opening opening) throws Exception {
    this(RunnerServerConfig.defaults(token), opening);
  }

  TestServer(RunnerServerConfig config, RunnerServer.Opening opening) throws Exception {
    this.token = config.token();
    server = new RunnerServer(config, opening, NO_OVERHEAD);
    vertx
        .deployVerticle(server)
        .toCompletionStage()
        .toCompletableFuture()
        .get(10, TimeUnit.SECONDS);
  }

  /** Models that take nothing of a budget of nothing. */
  static RunnerServer.Opening opening(LoadedModel... models) {
    return opening(new ScriptedLoader(0), WATCHDOG, models);
  }

  static RunnerServer.Opening opening(
      ModelLoader loader, Watchdog watchdog, LoadedModel... models) {
    return new RunnerServer.Opening(
        loader,
        Device.PROCESSOR,
        new MemoryBudget(0),
        Arrays.stream(models)
            .map(model ->
                new StartedModel(ScriptedLoader.source(model.name()), null, 0, model, null))
            .toList(),
        watchdog,
        CLOCK);
  }

  int port() {
    return server.port();
  }

  HttpResponse<String> get(String path) throws Exception {
    return client.send(authorized(path).build(), BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String body, String... headers) throws Exception {
    return client.send(request(path, body, headers), BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, byte[] body) throws Exception {
    return client.send(
        authorized(path).POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> postAsync(String path, String body, String... headers) {
    return client.sendAsync(request(path, body, headers), BodyHandlers.ofString());
  }

  /** The document of a 200. */
  static JsonNode json(HttpResponse<String> response) {
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + " " + response.body());
    }
    return tree(response);
  }

  /** The error of any other answer. */
  static JsonNode error(HttpResponse<String> response) {
    return tree(response).path("error");
  }

  private static JsonNode tree(HttpResponse<String> response) {
    try {
      return JSON.readTree(response.body());
    } catch (IOException e) {
      throw new AssertionError(response.body(), e);
    }
  }

  private HttpRequest request(String path, String body, String... headers) {
    var request = authorized(path).POST(BodyPublishers.ofString(body));
    return headers.length == 0 ? request.build() : request.headers(headers).build();
  }

  private HttpRequest.Builder authorized(String path) {
    var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    return token == null ? request : request.header("authorization", "Bearer " + token);
  }

  @Override
  public void close() {
    client.shutdownNow();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
