package dev.postern.runners.server;

import static dev.postern.runners.server.TestServer.error;
import static dev.postern.runners.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.runners.engine.Device;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Three models of 100 bytes are known to a runner that has room for two. */
@Timeout(30)
class ModelsIT {
  /** The operator who asked for the load is one of them. */
  private static final int WAITING = 3;

  private final ScriptedLoader loader = new ScriptedLoader(100);
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    var sources = Stream.of("a", "b", "c").map(ScriptedLoader::source).toList();
    var memory = new MemoryBudget(250);
    server =
        new TestServer(
            RunnerServerConfig.defaults("secret")
                .withModels(
                    new LoadedModels.Limits(
                        WAITING, Duration.ofMillis(600), Duration.ofMinutes(1))),
            new RunnerServer.Opening(
                loader,
                Device.PROCESSOR,
                memory,
                new StartingModels(loader, memory).load(sources),
                TestServer.WATCHDOG,
                TestServer.CLOCK));
  }

  @AfterEach
  void stop() {
    loader.slow.countDown();
    server.close();
  }

  @Test
  void startsWithWhatFitsAndLoadsTheRestInThePlaceOfTheLeastRecentlyUsed() throws Exception {
    assertThat(states()).containsExactly("a serving", "b serving", "c known");
    chat("a");
    assertThat(chat("c").statusCode()).isEqualTo(200);
    assertThat(states()).containsExactly("a serving", "b known", "c serving");
    assertThat(generator("b").closed.await(5, TimeUnit.SECONDS)).isTrue();
    assertThat(chat("b").statusCode()).isEqualTo(200);
    assertThat(states()).containsExactly("a known", "b serving", "c serving");
    assertThat(capacity().at("/memory/promised_bytes").asLong()).isEqualTo(200);
    assertThat(server.get("/metrics").body())
        .contains("postern_runner_model_evictions_total 2\n")
        .contains("postern_runner_model_loads_total 4\n");
  }

  @Test
  void neverUnloadsWhatIsPinned() throws Exception {
    pin("a");
    assertThat(chat("c").statusCode()).isEqualTo(200);
    assertThat(states()).containsExactly("a serving", "b known", "c serving");
    pin("c");
    var refused = chat("b");
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(error(refused).path("code").asText()).isEqualTo("model_too_large");
    json(server.post("/control/unpin", "{\"name\":\"a\"}"));
    assertThat(chat("b").statusCode()).isEqualTo(200);
  }

  @Test
  void unloadsNothingThatIsAtWork() throws Exception {
    loader.generators.values().forEach(generator -> generator.stepwise = true);
    var running = List.of(chatAsync("a"), chatAsync("b"));
    await(() -> loader.generators.values().stream().noneMatch(g -> g.requests.isEmpty()));
    var refused = chat("c");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.headers().firstValue("retry-after")).isPresent();
    assertThat(error(refused).path("message").asText()).contains("no memory");
    loader.generators.values().forEach(generator -> generator.stepwise = false);
    for (var answer : running) {
      assertThat(answer.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    assertThat(chat("c").statusCode()).isEqualTo(200);
  }

  @Test
  void serializesNobodyBehindASlowDiskAndBoundsWhoWaitsForIt() throws Exception {
    var loading = load("slow", "slow", ",\"wait\":false");
    assertThat(loading.statusCode()).isEqualTo(202);
    await(() -> loader.loads.contains("slow"));
    assertThat(model("slow").path("state").asText()).isEqualTo("loading");
    assertThat(model("slow").path("progress").asDouble()).isEqualTo(0.5);
    assertThat(chat("b").statusCode()).as("another model").isEqualTo(200);
    var waiting = List.of(chatAsync("slow"), chatAsync("slow"), chatAsync("slow"));
    var codes = waiting.stream().map(answer -> error(answer.join()).path("code").asText()).toList();
    assertThat(codes)
        .containsExactlyInAnyOrder("server_is_overloaded", "model_loading", "model_loading");
    assertThat(waiting).allMatch(answer -> answer.join().statusCode() == 503);
    assertThat(load("slow", "slow", ",\"wait\":false").statusCode()).as("again").isEqualTo(202);
    assertThat(load("slow", "slow", "").statusCode()).as("waits in vain").isEqualTo(202);
    loader.slow.countDown();
    assertThat(load("slow", "slow", "").statusCode()).isEqualTo(200);
    assertThat(chat("slow").statusCode()).isEqualTo(200);
    assertThat(loader.loads.stream().filter("slow"::equals)).hasSize(1);
  }

  @Test
  void refusesADamagedFolderAndServesTheOthers() throws Exception {
    var refused = load("d", "damaged", "");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(error(refused).path("message").asText()).contains("weights.bin is cut short");
    assertThat(load("d", "missing", "").statusCode()).isEqualTo(400);
    assertThat(chat("d").statusCode()).isEqualTo(404);
    assertThat(chat("a").statusCode()).isEqualTo(200);
    assertThat(capacity().at("/memory/promised_bytes").asLong()).isLessThanOrEqualTo(200);
  }

  @Test
  void replacesAModelWithoutAGapAndKeepsItWhenTheNewOneIsDamaged() throws Exception {
    var old = generator("a");
    assertThat(load("a", "damaged", "").statusCode()).isEqualTo(400);
    assertThat(chat("a").statusCode()).isEqualTo(200);
    assertThat(old.requests).hasSize(1);
    assertThat(load("a", "elsewhere", "").statusCode()).isEqualTo(200);
    assertThat(chat("a").statusCode()).isEqualTo(200);
    assertThat(old.requests).hasSize(1);
    assertThat(old.closed.await(5, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void replacesAModelHoweverLongThatTakesAndLoadsItsSuccessorOnce() throws Exception {
    var old = generator("a");
    assertThat(load("a", "slow", "").statusCode()).as("waits in vain").isEqualTo(202);
    assertThat(load("a", "slow", ",\"wait\":false").statusCode()).as("again").isEqualTo(202);
    assertThat(chat("a").statusCode()).isEqualTo(200);
    assertThat(old.requests).hasSize(1);
    loader.slow.countDown();
    assertThat(old.closed.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(load("a", "slow", "").statusCode()).isEqualTo(200);
    assertThat(chat("a").statusCode()).isEqualTo(200);
    assertThat(old.requests).hasSize(1);
    assertThat(loader.loads.stream().filter("a"::equals)).hasSize(2);
    assertThat(capacity().at("/memory/promised_bytes").asLong()).isEqualTo(100);
  }

  @Test
  void forgetsASuccessorWithItsModel() throws Exception {
    assertThat(load("a", "slow", ",\"wait\":false").statusCode()).isEqualTo(202);
    await(() -> loader.loads.stream().filter("a"::equals).count() == 2);
    json(server.post("/control/unload", "{\"name\":\"a\"}"));
    loader.slow.countDown();
    assertThat(generator("a").closed.await(10, TimeUnit.SECONDS)).isTrue();
    assertThat(chat("a").statusCode()).isEqualTo(404);
    assertThat(states()).containsExactly("b known", "c known");
  }

  @Test
  void keepsAModelPinnedUntilItIsToldOtherwise() throws Exception {
    pin("a");
    assertThat(load("a", "a", "").statusCode()).as("again").isEqualTo(200);
    assertThat(model("a").path("pinned").asBoolean()).isTrue();
    assertThat(load("a", "elsewhere", "").statusCode()).isEqualTo(200);
    assertThat(model("a").path("pinned").asBoolean()).as("its successor").isTrue();
    assertThat(load("a", "elsewhere", ",\"pin\":false").statusCode()).isEqualTo(200);
    assertThat(model("a").path("pinned").asBoolean()).isFalse();
  }

  @Test
  void unloadsWhileARequestRunsAndForgetsOrKeepsTheModel() throws Exception {
    var generator = generator("a");
    generator.stepwise = true;
    var running = chatAsync("a");
    await(() -> !generator.requests.isEmpty());
    json(server.post("/control/unload", "{\"name\":\"a\"}"));
    assertThat(chat("a").statusCode()).isEqualTo(404);
    assertThat(generator.closed.getCount()).as("still at work").isEqualTo(1);
    generator.stepwise = false;
    assertThat(running.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(generator.closed.await(5, TimeUnit.SECONDS)).isTrue();
    json(server.post("/control/unload", "{\"name\":\"b\",\"keep\":true}"));
    assertThat(states()).containsExactly("c known", "b known");
    assertThat(chat("b").statusCode()).isEqualTo(200);
  }

  @Test
  void warmsAModelAndLoadsItForThat() throws Exception {
    json(server.post("/control/warm", "{\"name\":\"c\"}"));
    assertThat(generator("c").requests).hasSize(1);
    assertThat(server.post("/control/warm", "{\"name\":\"x\"}").statusCode()).isEqualTo(404);
    assertThat(server.post("/control/warm", "{\"nane\":\"c\"}").statusCode()).isEqualTo(400);
  }

  @Test
  void reportsHowMuchItCanTake() throws Exception {
    var generator = generator("a");
    generator.stepwise = true;
    var running = chatAsync("a");
    await(() -> !generator.requests.isEmpty());
    var capacity = capacity();
    assertThat(capacity.path("device").asText()).isEqualTo("cpu");
    assertThat(capacity.path("requests").asInt()).isEqualTo(1);
    assertThat(capacity.at("/memory/budget_bytes").asLong()).isEqualTo(250);
    assertThat(capacity.at("/memory/resident_bytes").asLong()).isPositive();
    var model = model("a");
    assertThat(model.path("digest").asText()).isEqualTo("sha256:a");
    assertThat(model("c").path("digest").asText()).as("not in memory").isEqualTo("sha256:c");
    assertThat(model.path("context_length").asInt()).isEqualTo(400);
    assertThat(model.path("rows").asInt()).isEqualTo(1);
    assertThat(model.path("rows_max").asInt()).isEqualTo(1);
    assertThat(model.path("cache_bytes").asLong()).isEqualTo(100);
    assertThat(model.path("last_used").asLong()).isEqualTo(1_700_000_000);
    generator.stepwise = false;
    running.get(10, TimeUnit.SECONDS);
  }

  @Test
  void countsTenantsByNameUpToALimit() throws Exception {
    for (int tenant = 0; tenant <= Metrics.MOST_TENANTS; tenant++) {
      server.post(
          "/v1/chat/completions", TestServer.CHAT.formatted("a"), "x-postern-tenant", "t" + tenant);
    }
    var metrics = server.get("/metrics").body();
    assertThat(metrics)
        .contains("postern_runner_tenant_cpu_seconds_total{model=\"a\",tenant=\"t0\"} 0.001000\n")
        .contains("tenant=\"other\"")
        .doesNotContain("tenant=\"t" + Metrics.MOST_TENANTS + "\"");
  }

  private HttpResponse<String> chat(String model) throws Exception {
    return server.post("/v1/chat/completions", TestServer.CHAT.formatted(model));
  }

  private CompletableFuture<HttpResponse<String>> chatAsync(String model) {
    return server.postAsync("/v1/chat/completions", TestServer.CHAT.formatted(model));
  }

  private HttpResponse<String> load(String name, String folder, String more) throws Exception {
    return server.post(
        "/control/load",
        "{\"name\":\"%s\",\"role\":\"chat\",\"folder\":\"%s\"%s}".formatted(name, folder, more));
  }

  private void pin(String name) throws Exception {
    json(server.post("/control/pin", "{\"name\":\"%s\"}".formatted(name)));
  }

  private JsonNode capacity() throws Exception {
    return json(server.get("/control/capacity"));
  }

  private JsonNode model(String name) throws Exception {
    return StreamSupport.stream(capacity().path("models").spliterator(), false)
        .filter(model -> model.path("name").asText().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private List<String> states() throws Exception {
    return StreamSupport.stream(
            json(server.get("/control/models")).path("models").spliterator(), false)
        .map(model -> model.path("name").asText() + " " + model.path("state").asText())
        .toList();
  }

  private interface Condition {
    boolean holds();
  }

  private static void await(Condition condition) {
    while (!condition.holds()) {
      Thread.onSpinWait();
    }
  }

  private ScriptedGenerator generator(String model) {
    return Objects.requireNonNull(loader.generators.get(model), model);
  }
}
