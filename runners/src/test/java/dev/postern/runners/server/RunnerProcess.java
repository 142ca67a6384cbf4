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
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** A runner as it is deployed, in a process of its own, and a client of it. */
record RunnerProcess(Process process, URI uri) implements AutoCloseable {
  static final String TOKEN = "secret";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  /** The model that a fresh installation starts with; the test is skipped where there is none. */
  static Path defaultModel() throws IOException {
    try {
      return new DefaultModels(DefaultModels.userCache())
          .chat(ServedFormat.choose(), ImportProgress.NONE)
          .path();
    } catch (ImportException e) {
      throw new TestAbortedException("skipped, the chat model cannot be had: " + e.getMessage());
    }
  }

  /** Starts one that ends with this process. */
  static RunnerProcess start(String... options) throws Exception {
    var process =
        launch(
            Stream.concat(Stream.of("--stdin-lifeline"), Stream.of(options))
                .toArray(String[]::new));
    var line = CompletableFuture.supplyAsync(() -> firstLine(process)).get(60, TimeUnit.SECONDS);
    assertThat(line).startsWith("listening ");
    return new RunnerProcess(
        process, URI.create("http://127.0.0.1:" + line.substring("listening ".length())));
  }

  private static String firstLine(Process process) {
    try {
      return String.valueOf(process.inputReader(StandardCharsets.UTF_8).readLine());
    } catch (IOException e) {
      return e.toString();
    }
  }

  static Process launch(String... options) throws IOException {
    var words =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx192m",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                RunnerMain.class.getName()));
    words.addAll(List.of(options));
    var builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("POSTERN_RUNNER_TOKEN", TOKEN);
    return builder.start();
  }

  HttpResponse<String> chat(String body) throws Exception {
    return CLIENT.send(request("/v1/chat/completions", body), BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> postAsync(String path, String body, String... headers) {
    return CLIENT.sendAsync(request(path, body, headers), BodyHandlers.ofString());
  }

  Stream<String> lines(String body) throws Exception {
    return CLIENT.send(request("/v1/chat/completions", body), BodyHandlers.ofLines()).body();
  }

  String get(String path) throws Exception {
    var request =
        HttpRequest.newBuilder(uri.resolve(path)).header("authorization", "Bearer " + TOKEN);
    return CLIENT.send(request.build(), BodyHandlers.ofString()).body();
  }

  JsonNode json(String path) throws Exception {
    return JSON.readTree(get(path));
  }

  private HttpRequest request(String path, String body, String... headers) {
    var request =
        HttpRequest.newBuilder(uri.resolve(path))
            .header("authorization", "Bearer " + TOKEN)
            .POST(BodyPublishers.ofString(body));
    return headers.length == 0 ? request.build() : request.headers(headers).build();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
