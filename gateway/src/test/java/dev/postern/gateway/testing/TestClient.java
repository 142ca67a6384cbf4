package dev.postern.gateway.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** A client with a key. */
public final class TestClient {
  private static final HttpClient CLIENT =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final int port;
  private final String key;

  public TestClient(int port, String key) {
    this.port = port;
    this.key = key;
  }

  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path))
        .timeout(Duration.ofSeconds(20))
        .header("Authorization", "Bearer " + key)
        .header("Content-Type", "application/json");
  }

  public HttpResponse<String> post(String path, String body) {
    return send(request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
  }

  public HttpResponse<String> get(String path) {
    return send(request(path).GET().build());
  }

  public HttpResponse<String> send(HttpRequest request) {
    try {
      return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** A connection on which a test writes what no well-behaved client would. */
  public Socket connect() throws IOException {
    var socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(20_000);
    return socket;
  }

  /** A connection with a request on its way, whose answer is still to be read. */
  public Socket open(String path, String body) throws IOException {
    var bytes = body.getBytes(StandardCharsets.UTF_8);
    var socket = connect();
    socket.getOutputStream().write(head(path, "content-length: " + bytes.length + "\r\n"));
    socket.getOutputStream().write(bytes);
    return socket;
  }

  /** The head of a POST with these headers besides. */
  public byte[] head(String path, String headers) {
    return ("POST "
            + path
            + " HTTP/1.1\r\nhost: test\r\nauthorization: Bearer "
            + key
            + "\r\n"
            + headers
            + "\r\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  /** Reads until the text has come; what was read. */
  public static String readUntil(Socket socket, String end) throws IOException {
    var read = new ByteArrayOutputStream();
    while (!read.toString(StandardCharsets.UTF_8).contains(end)) {
      var next = socket.getInputStream().read();
      if (next < 0) {
        throw new AssertionError("closed after: " + read);
      }
      read.write(next);
    }
    return read.toString(StandardCharsets.UTF_8);
  }
}
