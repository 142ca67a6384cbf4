package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.onnx.ServedFormat;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.opentest4j.TestAbortedException;

/** The process as it is deployed, with the model that a fresh installation starts with. */
@Timeout(120)
class RunnerProcessIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FRANCE =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of"
          + " France?\"}],\"temperature\":0,\"max_tokens\":40%s}";

  private static final HttpClient CLIENT = HttpClient.newHttpClient();
  private static Path folder;
  private static Started shared;

  private record Started(Process process, URI uri) {}

  @BeforeAll
  static void startShared() throws Exception {
    try {
      folder =
          new DefaultModels(DefaultModels.userCache())
              .chat(ServedFormat.choose(), ImportProgress.NONE)
              .path();
    } catch (ImportException e) {
      throw new TestAbortedException("skipped, the chat model cannot be had: " + e.getMessage());
    }
    shared = start();
  }

  @AfterAll
  static void stopShared() {
    if (shared != null) {
      shared.process().destroyForcibly();
    }
    CLIENT.shutdownNow();
  }

  @Test
  void answersParisInOneDocumentAndInAStream() throws Exception {
    var answer = JSON.readTree(post(shared, FRANCE.formatted("")).body());
    var text = answer.at("/choices/0/message/content").asText();
    assertThat(text).contains("Paris");
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(answer.at("/postern/cpu_us").asLong()).isPositive();
    var stream =
        post(
                shared,
                FRANCE.formatted(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
            .body();
    assertThat(Answers.joined(stream)).isEqualTo(text);
    assertThat(stream).contains(answer.path("usage").toString());
  }

  @Test
  void repeatsItselfForOneSeed() throws Exception {
    var options = ",\"seed\":11,\"n\":2";
    var body = FRANCE.replace("\"temperature\":0", "\"temperature\":1.2").formatted(options);
    var first = choices(post(shared, body));
    assertThat(choices(post(shared, body))).isEqualTo(first);
    assertThat(first.get(0).path("message")).isNotEqualTo(first.get(1).path("message"));
  }

  @Test
  void finishesWhatItGeneratesWhenItIsToldToEnd() throws Exception {
    var runner = start();
    var long1 =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Tell a long"
            + " story.\"}],\"max_tokens\":60,\"logit_bias\":{\"2\":-100},\"stream\":true}";
    var lines = CLIENT.send(request(runner, long1), BodyHandlers.ofLines()).body().iterator();
    assertThat(lines.next()).startsWith("data: ");
    runner.process().destroy();
    var last = "";
    while (lines.hasNext()) {
      var line = lines.next();
      last = line.isEmpty() ? last : line;
    }
    assertThat(last).isEqualTo("data: [DONE]");
    assertThat(runner.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(runner.process().exitValue()).isZero();
  }

  @Test
  void endsWhenItsParentLetsGo() throws Exception {
    var runner = start();
    runner.process().getOutputStream().close();
    assertThat(runner.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(runner.process().exitValue()).isZero();
  }

  @Test
  void saysWhyItDoesNotStart() throws Exception {
    var process = launch("--chat", "m=/nowhere/at/all");
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    var wrong = launch("--nonsense", "1");
    assertThat(wrong.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(wrong.exitValue()).isEqualTo(2);
  }

  private static Started start() throws Exception {
    var process = launch("--chat", "m=" + folder, "--stdin-lifeline", "--max-context", "2048");
    var line = CompletableFuture.supplyAsync(() -> firstLine(process)).get(60, TimeUnit.SECONDS);
    assertThat(line).startsWith("listening ");
    return new Started(
        process, URI.create("http://127.0.0.1:" + line.substring("listening ".length())));
  }

  private static String firstLine(Process process) {
    try {
      return String.valueOf(process.inputReader(StandardCharsets.UTF_8).readLine());
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Process launch(String... options) throws IOException {
    var words =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                RunnerMain.class.getName()));
    words.addAll(List.of(options));
    return new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static HttpResponse<String> post(Started runner, String body) throws Exception {
    return CLIENT.send(request(runner, body), BodyHandlers.ofString());
  }

  private static HttpRequest request(Started runner, String body) {
    return HttpRequest.newBuilder(runner.uri().resolve("/v1/chat/completions"))
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static JsonNode choices(HttpResponse<String> response) throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).path("choices");
  }
}
