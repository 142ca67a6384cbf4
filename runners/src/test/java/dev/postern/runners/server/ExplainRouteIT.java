package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.runners.engine.Device;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.testing.TinyLlama;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class ExplainRouteIT {
  private static final String PATH = "/v1/postern/explain";

  private static final EngineConfig CONFIG =
      EngineConfig.defaults().withProvider(EngineConfig.Provider.CPU).withThreads(1);

  @TempDir private static Path folder;
  private static Path model;
  private static TestServer server;

  @BeforeAll
  static void start() throws Exception {
    Path gguf = folder.resolve("tiny.gguf");
    Files.write(gguf, TinyLlama.gguf(5));
    model =
        new ModelImport(folder, new BlockInt8Format()).run(gguf, null, ImportProgress.NONE).path();
    server =
        new TestServer(
            "secret",
            TestServer.opening(
                LoadedModel.Generative.of("tiny", OnnxGenerator.open(model, CONFIG), "fp_1"),
                LoadedModel.Generative.of("scripted", new ScriptedGenerator(8), "fp_2")));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void explainsAChat() throws Exception {
    JsonNode found =
        TestServer.json(
            server.post(
                PATH,
                """
                {"model": "tiny", "messages": [{"role": "user", "content": "hello <|im_end|> all"}],
                 "max_tokens": 5, "top": 2}\
                """));
    assertThat(found.path("object").asText()).isEqualTo("postern.explanation");
    assertThat(found.path("prompt").findValuesAsText("text")).contains("<|im_start|>", "hell");
    // What a message spells out stays letters.
    assertThat(found.path("prompt").findValuesAsText("id").stream().filter("2"::equals)).hasSize(1);
    JsonNode tokens = found.path("answer").path("tokens");
    assertThat(tokens).isNotEmpty().hasSizeLessThanOrEqualTo(5);
    assertThat(tokens.get(0).path("top")).hasSize(2);
    assertThat(found.path("layers")).hasSize(TinyLlama.LAYERS + 1);
    assertThat(found.path("layers").get(0).path("cells")).hasSameSizeAs(tokens);
    assertThat(found.path("attribution")).isNotEmpty();
    assertThat(found.path("usage").path("prompt_tokens").asInt())
        .isGreaterThan(found.path("prompt").size());
    assertThat(found.path("usage").path("completion_tokens").asInt()).isEqualTo(tokens.size());
    assertThat(found.path("postern").path("cpu_us").asLong()).isPositive();
  }

  @Test
  void leavesOutWhatIsNotAskedFor() throws Exception {
    JsonNode found =
        TestServer.json(
            server.post(
                PATH,
                "{\"model\": \"tiny\", \"prompt\": \"hell\", \"answer\": \"o\", \"parts\": []}"));
    assertThat(found.path("answer").path("generated").asBoolean()).isFalse();
    assertThat(found.path("layers")).isEmpty();
    assertThat(found.path("attribution")).isEmpty();
  }

  @Test
  void probesATextForMemorisation() throws Exception {
    JsonNode found =
        TestServer.json(
            server.post(PATH, "{\"model\": \"tiny\", \"text\": \"my number is 4929 1130\"}"));
    assertThat(found.path("object").asText()).isEqualTo("postern.memorisation");
    assertThat(found.path("variants").asText()).isEqualTo("digits");
    assertThat(found.path("rest").size()).isEqualTo(found.path("answer").path("tokens").size());
    assertThat(found.path("rank").asInt()).isBetween(1, 32);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"tiny\"} | exactly one",
        "{\"model\":\"tiny\",\"prompt\":\"a\",\"text\":\"b\"} | exactly one",
        "{\"model\":\"tiny\",\"prompt\":\"a\",\"parts\":[\"all\"]} | parts",
        "{\"model\":\"tiny\",\"prompt\":\"a\",\"prefix_tokens\":2} | prefix_tokens",
        "{\"model\":\"tiny\",\"text\":\"ab\",\"prefix_tokens\":9} | prefix_tokens",
        "{\"model\":\"tiny\",\"text\":\"ab\",\"top\":9} | top",
        "{\"model\":\"tiny\",\"prompt\":\"a\",\"max_tokens\":129} | max_tokens",
        "{\"model\":\"tiny\",\"prompt\":\"a\",\"temprature\":1} | temprature",
        "{\"model\":\"scripted\",\"prompt\":\"a\"} | explanations"
      })
  void refusesWhatItCannotExplain(String body, String word) throws Exception {
    var answer = server.post(PATH, body);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(answer).path("message").asText()).contains(word);
  }

  @Test
  void refusesAPromptThatIsTooLong() throws Exception {
    var body = "{\"model\": \"tiny\", \"prompt\": \"" + "x ".repeat(300) + "\"}";
    var answer = server.post(PATH, body);
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(answer).path("code").asText()).isEqualTo("context_length_exceeded");
  }

  @Test
  void explainsOneAtATime() throws Exception {
    var body = "{\"model\": \"tiny\", \"prompt\": \"" + "hello ".repeat(35) + "\"}";
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      answers.add(server.postAsync(PATH, body));
    }
    CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new)).join();
    var statuses = answers.stream().map(answer -> answer.join().statusCode()).toList();
    assertThat(statuses).contains(200, 503).containsOnly(200, 503);
    assertThat(answers)
        .filteredOn(answer -> answer.join().statusCode() == 503)
        .allMatch(answer -> answer.join().headers().firstValue("retry-after").isPresent());
    // And then again.
    assertThat(server.post(PATH, body).statusCode()).isEqualTo(200);
  }

  @Test
  void opensAModelASecondTimeOnlyWhereTheBudgetHasRoomForIt() throws Exception {
    var body = "{\"model\": \"tiny\", \"prompt\": \"hell\", \"answer\": \"o\"}";
    var source = new ModelSource("tiny", ModelRole.CHAT, model);
    var footprint = new OnnxModels(CONFIG, new MemoryBudget(0)).inspect(source).footprint();
    long once = footprint.fixedBytes() + footprint.mostCacheBytes();
    for (boolean room : new boolean[] {false, true}) {
      var memory = new MemoryBudget(room ? 3 * once : once);
      var loader = new OnnxModels(CONFIG, memory);
      var opening =
          new RunnerServer.Opening(
              loader,
              Device.PROCESSOR,
              memory,
              new StartingModels(loader, memory).load(List.of(source)),
              TestServer.WATCHDOG,
              TestServer.CLOCK);
      try (var capped = new TestServer("secret", opening)) {
        long promised = promised(capped);
        var answer = capped.post(PATH, body);
        assertThat(answer.statusCode()).isEqualTo(room ? 200 : 503);
        if (!room) {
          assertThat(TestServer.error(answer).path("message").asText()).contains("no memory");
          assertThat(answer.headers().firstValue("retry-after")).isPresent();
        }
        assertThat(promised(capped)).isEqualTo(promised);
      }
    }
  }

  private static long promised(TestServer server) throws Exception {
    return TestServer.json(server.get("/control/capacity"))
        .path("memory")
        .path("promised_bytes")
        .asLong();
  }
}
