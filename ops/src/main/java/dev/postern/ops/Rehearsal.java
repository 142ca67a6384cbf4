package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/**
 * What the launcher runs once after a build, on a home that is thrown away: a start, a few requests
 * and a stop. The JVMs of gateway and runner write their AOT caches from it, which later starts
 * load instead of some ten thousand classes one by one.
 */
@Command(name = "rehearse", hidden = true)
final class Rehearsal implements Callable<Integer> {
  private static final String QUESTION =
      """
      {"model":"smollm2-135m-instruct","max_tokens":4%s,"messages":[{"role":"user","content":"Hi"}]}
      """;
  private static final int ROUNDS = 3;

  @Option(names = "--home", required = true)
  private Path home = Path.of("");

  @Override
  public Integer call() throws Exception {
    var usual = PosternConfig.defaults();
    Product.rehearse(
        new Home(home),
        usual.with(usual.host(), 0, usual.metricsPort(), usual.device()),
        new Progress(System.out),
        Rehearsal::askAll);
    return ExitCode.OK;
  }

  private static void askAll(String url, String key) {
    try {
      for (int round = 0; round < ROUNDS; round++) {
        ask(url + "/readyz", key, null);
        ask(url + "/", key, null);
        ask(url + "/v1/models", key, null);
        ask(url + "/v1/chat/completions", key, QUESTION.formatted(""));
        ask(url + "/v1/chat/completions", key, QUESTION.formatted(",\"stream\":true"));
        ask(url + "/v1/embeddings", key, "{\"model\":\"all-minilm-l6-v2\",\"input\":\"Hi\"}");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void ask(String url, String key, @Nullable String body) throws IOException {
    var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
    connection.setRequestProperty("Authorization", "Bearer " + key);
    if (body != null) {
      connection.setRequestMethod("POST");
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setDoOutput(true);
      connection.getOutputStream().write(body.getBytes(UTF_8));
    }
    if (connection.getResponseCode() == HttpURLConnection.HTTP_OK) {
      connection.getInputStream().readAllBytes();
    }
    connection.disconnect();
  }
}
