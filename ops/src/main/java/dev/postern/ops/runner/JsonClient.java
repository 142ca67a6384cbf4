package dev.postern.ops.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Asks runners and gateways from a thread that may wait.
 *
 * @param token that they want to be shown
 */
public record JsonClient(String token) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

  /** A runner that is only busy answers this within milliseconds, also while its box is not. */
  private static final Duration HEALTH_LIMIT = Duration.ofSeconds(5);

  boolean healthy(URI runner) {
    try {
      var connection = open(runner.resolve("/health"), HEALTH_LIMIT);
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }

  void post(URI uri, String body) throws IOException {
    exchange(uri, body);
  }

  public JsonNode get(URI uri) throws IOException {
    return exchange(uri, null);
  }

  private JsonNode exchange(URI uri, @Nullable String body) throws IOException {
    var connection = open(uri, ANSWER_LIMIT);
    try {
      connection.setRequestProperty("Authorization", "Bearer " + token);
      if (body != null) {
        connection.setRequestMethod("POST");
        connection.setRequestProperty("Content-Type", "application/json");
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(UTF_8));
      }
      int status = connection.getResponseCode();
      if (status / 100 != 2) {
        throw new IOException(uri.getPath() + " answered " + status);
      }
      return JSON.readTree(connection.getInputStream());
    } finally {
      connection.disconnect();
    }
  }

  private static HttpURLConnection open(URI uri, Duration limit) throws IOException {
    var connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setConnectTimeout((int) CONNECT_LIMIT.toMillis());
    connection.setReadTimeout((int) limit.toMillis());
    return connection;
  }
}
