package dev.postern.runners.server;

import static dev.postern.runners.server.TestServer.error;
import static dev.postern.runners.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.RunnerPool;
import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyAdapter;
import dev.postern.runners.testing.TinyFamily;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Adapters by the runner's API, on a real model. */
@Timeout(60)
class AdapterRoutesIT {
  private static final TinyFamily FAMILY = TinyFamily.read("llama2");
  private static final List<TinyAdapter> ADAPTERS = TinyAdapter.read("llama2");

  @TempDir private Path folder;
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
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
        new TestServer(
            "secret", TestServer.opening(LoadedModel.Generative.of("m", generator, "fp_1")));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aModelAnswersUnderAnAdaptersNameAsTheAdapterDoes() throws Exception {
    for (int i = 0; i < 2; i++) {
      var peft = ADAPTERS.get(i).write(folder.resolve("adapter" + i));
      var loaded =
          json(
              server.post(
                  "/control/adapters/load",
                  "{\"model\":\"m\",\"name\":\"m:%d\",\"folder\":\"%s\"}".formatted(i, peft)));
      assertThat(loaded.path("digest").asText()).startsWith("sha256:");
      json(
          server.post(
              "/control/adapters/load",
              "{\"model\":\"m\",\"name\":\"again:%d\",\"digest\":\"%s\"}"
                  .formatted(i, loaded.path("digest").asText())));
    }
    assertThat(json(server.get("/control/adapters")).path("data")).hasSize(4);
    String bare = text("m");
    String first = text("m:0");
    String second = text("m:1");
    assertThat(List.of(bare, first, second)).doesNotHaveDuplicates();
    assertThat(text("again:0")).isEqualTo(first);
    assertThat(text("again:1")).isEqualTo(second);
    assertThat(text("m")).isEqualTo(bare);

    json(server.post("/control/adapters/unload", "{\"name\":\"m:0\"}"));
    assertThat(complete("m:0").statusCode()).isEqualTo(404);
    assertThat(text("again:0")).isEqualTo(first);
  }

  @Test
  void whatIsNoAdapterOfTheModelIsRefused() throws Exception {
    var foreign = TinyAdapter.read("phi3").getFirst().write(folder.resolve("foreign"));
    var refused =
        server.post(
            "/control/adapters/load",
            "{\"model\":\"m\",\"name\":\"x\",\"folder\":\"%s\"}".formatted(folder));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("adapter_config.json");
    String unknown = "sha256:" + "0".repeat(64);
    for (String body :
        List.of(
            "{\"model\":\"m\",\"name\":\"x\",\"digest\":\"%s\"}".formatted(unknown),
            "{\"model\":\"other\",\"name\":\"x\",\"folder\":\"%s\"}".formatted(foreign))) {
      assertThat(server.post("/control/adapters/load", body).statusCode()).isEqualTo(404);
    }
    assertThat(
            server.post("/control/adapters/load", "{\"model\":\"m\",\"name\":\"x\"}").statusCode())
        .isEqualTo(400);
    assertThat(complete("x").statusCode()).isEqualTo(404);
    assertThat(json(server.get("/control/adapters")).path("data")).isEmpty();
  }

  @Test
  void anAdapterThatIsGivenAsAFileIsCalledByItsDigest() throws Exception {
    var peft = ADAPTERS.getFirst().write(folder.resolve("adapter"));
    var named =
        json(
            server.post(
                "/control/adapters/load",
                "{\"model\":\"m\",\"name\":\"m:0\",\"folder\":\"%s\"}".formatted(peft)));
    String digest = named.path("digest").asText();
    String expected = text("m:0");
    var forget = "{\"model\":\"m\",\"digest\":\"%s\"}".formatted(digest);
    assertThat(json(server.post("/control/adapters/remove", forget)).path("removed").asBoolean()).isTrue();
    var lacking = complete("m@" + digest);
    assertThat(lacking.statusCode()).isEqualTo(404);
    assertThat(error(lacking).path("code").asText())
        .isEqualTo(RunnerPool.UNKNOWN_ADAPTER);

    var card = json(give("?model=m&name=support", zip(peft)));
    assertThat(card.path("digest").asText()).isEqualTo(digest);
    assertThat(card.path("rank").asInt()).isPositive();
    assertThat(text("m@" + digest)).isEqualTo(expected);

    assertThat(give("?model=m&name=x", "no zip file".getBytes(UTF_8)).statusCode()).isEqualTo(400);
    assertThat(give("?model=m", zip(peft)).statusCode()).isEqualTo(400);
    assertThat(give("?model=other&name=x", zip(peft)).statusCode()).isEqualTo(404);
  }

  private HttpResponse<String> give(String query, byte[] file) throws Exception {
    return server.post("/control/adapters/import" + query, file);
  }

  private static byte[] zip(Path peft) throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes);
        var files = Files.list(peft)) {
      for (var file : files.toList()) {
        zip.putNextEntry(new ZipEntry(file.getFileName().toString()));
        Files.copy(file, zip);
      }
    }
    return bytes.toByteArray();
  }

  private String text(String model) throws Exception {
    var answer = json(complete(model));
    assertThat(answer.path("model").asText()).isEqualTo(model);
    return answer.at("/choices/0/text").asText();
  }

  private HttpResponse<String> complete(String model) throws Exception {
    return server.post(
        "/v1/completions",
        "{\"model\":\"%s\",\"prompt\":%s,\"temperature\":0,\"max_tokens\":%d}"
            .formatted(model, Arrays.toString(FAMILY.prompt()), FAMILY.greedy().length));
  }
}
