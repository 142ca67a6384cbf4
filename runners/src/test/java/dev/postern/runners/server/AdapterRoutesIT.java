package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyAdapter;
import dev.postern.runners.testing.TinyFamily;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters by the runner's API, on a real model. */
@Timeout(60)
class AdapterRoutesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TinyFamily FAMILY = TinyFamily.read("llama2");
  private static final List<TinyAdapter> ADAPTERS = TinyAdapter.read("llama2");

  @TempDir private Path folder;
  private final HttpClient client = HttpClient.newHttpClient();
  private Vertx vertx;
  private RunnerServer server;

  @BeforeEach
  void start() throws Exception {
    vertx = Vertx.vertx();
    var model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(FAMILY.write(folder.resolve("model")), null, ImportProgress.NONE);
    var config =
        EngineConfig.defaults()
            .withProvider(EngineConfig.Provider.CPU)
            .withThreads(1)
            .withMaxRows(4)
            .withCacheBytes(16 << 20);
    var generator =
        OnnxGenerator.open(
            model.path(), config, new AdapterStore(folder.resolve("cache")), 64 << 20);
    server =
        new RunnerServer(
            RunnerServerConfig.defaults("secret"),
            new RunnerServer.Opening(
                new ScriptedLoader(0),
                "cpu",
                new MemoryBudget(0),
                List.of(
                    new StartedModel(
                        ScriptedLoader.source("m"),
                        null,
                        0,
                        LoadedModel.Generative.of("m", generator, "fp_1"),
                        null)),
                TestServer.WATCHDOG,
                TestServer.CLOCK));
    vertx
        .deployVerticle(server)
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  @AfterEach
  void stop() throws Exception {
    client.shutdownNow();
    vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void aModelAnswersUnderAnAdaptersNameAsTheAdapterDoes() throws Exception {
    for (int i = 0; i < 2; i++) {
      var peft = ADAPTERS.get(i).write(folder.resolve("adapter" + i));
      var loaded =
          ok(
              post(
                  "/control/adapters/load",
                  "{\"model\":\"m\",\"name\":\"m:%d\",\"folder\":\"%s\"}".formatted(i, peft)));
      assertThat(loaded.path("digest").asText()).startsWith("sha256:");
      ok(
          post(
              "/control/adapters/load",
              "{\"model\":\"m\",\"name\":\"again:%d\",\"digest\":\"%s\"}"
                  .formatted(i, loaded.path("digest").asText())));
    }
    assertThat(ok(get("/control/adapters")).path("data")).hasSize(4);
    String bare = text("m");
    String first = text("m:0");
    String second = text("m:1");
    assertThat(List.of(bare, first, second)).doesNotHaveDuplicates();
    assertThat(text("again:0")).isEqualTo(first);
    assertThat(text("again:1")).isEqualTo(second);
    assertThat(text("m")).isEqualTo(bare);

    ok(post("/control/adapters/unload", "{\"name\":\"m:0\"}"));
    assertThat(complete("m:0").statusCode()).isEqualTo(404);
    assertThat(text("again:0")).isEqualTo(first);
  }

  @Test
  void whatIsNoAdapterOfTheModelIsRefused() throws Exception {
    var foreign = TinyAdapter.read("phi3").getFirst().write(folder.resolve("foreign"));
    var refused =
        post(
            "/control/adapters/load",
            "{\"model\":\"m\",\"name\":\"x\",\"folder\":\"%s\"}".formatted(folder));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("adapter_config.json");
    String unknown = "sha256:" + "0".repeat(64);
    for (String body :
        List.of(
            "{\"model\":\"m\",\"name\":\"x\",\"digest\":\"%s\"}".formatted(unknown),
            "{\"model\":\"other\",\"name\":\"x\",\"folder\":\"%s\"}".formatted(foreign))) {
      assertThat(post("/control/adapters/load", body).statusCode()).isEqualTo(404);
    }
    assertThat(post("/control/adapters/load", "{\"model\":\"m\",\"name\":\"x\"}").statusCode())
        .isEqualTo(400);
    assertThat(complete("x").statusCode()).isEqualTo(404);
    assertThat(ok(get("/control/adapters")).path("data")).isEmpty();
  }

  private String text(String model) throws Exception {
    var answer = ok(complete(model));
    assertThat(answer.path("model").asText()).isEqualTo(model);
    return answer.at("/choices/0/text").asText();
  }

  private HttpResponse<String> complete(String model) throws Exception {
    return post(
        "/v1/completions",
        "{\"model\":\"%s\",\"prompt\":%s,\"temperature\":0,\"max_tokens\":%d}"
            .formatted(model, Arrays.toString(FAMILY.prompt()), FAMILY.greedy().length));
  }

  private static JsonNode ok(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return client.send(
        request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
        .header("authorization", "Bearer secret");
  }
}
