package dev.postern.ops.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;

/**
 * Asks runners and gateways from a thread that may wait.
 *
 * @param token that they want to be shown
 */
public record JsonClient(String token) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
  private static final Duration UPLOAD_LIMIT = Duration.ofMinutes(3);

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
    exchange(
        uri,
        ANSWER_LIMIT,
        connection -> {
          connection.setRequestMethod("POST");
          connection.setRequestProperty("Content-Type", "application/json");
          connection.setDoOutput(true);
          connection.getOutputStream().write(body.getBytes(UTF_8));
        });
  }

  public JsonNode get(URI uri) throws IOException {
    return exchange(uri, ANSWER_LIMIT, connection -> {});
  }

  public JsonNode delete(URI uri) throws IOException {
    return exchange(uri, ANSWER_LIMIT, connection -> connection.setRequestMethod("DELETE"));
  }

  public JsonNode upload(URI uri, FormUpload form) throws IOException {
    return exchange(
        uri,
        UPLOAD_LIMIT,
        connection -> {
          connection.setRequestMethod("POST");
          connection.setRequestProperty("Content-Type", form.contentType());
          connection.setDoOutput(true);
          connection.setFixedLengthStreamingMode(form.length());
          form.write(connection.getOutputStream());
        });
  }

  private interface Sending {
    void send(HttpURLConnection connection) throws IOException;
  }

  private JsonNode exchange(URI uri, Duration limit, Sending sending) throws IOException {
    var connection = open(uri, limit);
    try {
      connection.setRequestProperty("Authorization", "Bearer " + token);
      sending.send(connection);
      int status = connection.getResponseCode();
      if (status / 100 != 2) {
        throw new Refused(uri.getPath(), status, said(connection));
      }
      return JSON.readTree(connection.getInputStream());
    } finally {
      connection.disconnect();
    }
  }

  /** An answer that is not the wished-for one. */
  public static final class Refused extends IOException {
    private final String said;

    Refused(String path, int status, String said) {
      super(path + " answered " + status + (said.isEmpty() ? "" : ": " + said));
      this.said = said;
    }

    /** In the server's words; empty where it has none. */
    public String said() {
      return said;
    }
  }

  private static String said(HttpURLConnection connection) throws IOException {
    try (var body = connection.getErrorStream()) {
      return body == null ? "" : JSON.readTree(body).at("/error/message").asText("");
    } catch (JsonProcessingException noEnvelope) {
      return "";
    }
  }

  private static HttpURLConnection open(URI uri, Duration limit) throws IOException {
    var connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setConnectTimeout((int) CONNECT_LIMIT.toMillis());
    connection.setReadTimeout((int) limit.toMillis());
    return connection;
  }
}
