package dev.postern.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.testing.GatewayBed;
import dev.postern.gateway.testing.TestClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is sent is answered in the envelope, and the next request is served. */
class HostileRequestsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CHAT = "/v1/chat/completions";

  private static GatewayBed bed;

  @BeforeAll
  static void start() {
    bed =
        new GatewayBed(config ->
            config
                .withBodyTimeout(Duration.ofSeconds(4))
                .withHeadTimeout(Duration.ofMillis(700))
                .withIdleTimeout(Duration.ofSeconds(2)));
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  @AfterEach
  void theServerGoesOn() {
    assertThat(bed.chat("").statusCode()).isEqualTo(200);
  }

  static Stream<String> badBodies() {
    var model = "\"model\":\"" + GatewayBed.MODEL + "\"";
    var messages = "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]";
    return Stream.of(
        "",
        "{",
        "null",
        "[]",
        "\"text\"",
        "{\"model\":",
        "{\"a\":" + "[".repeat(20_000) + "]".repeat(20_000) + "}",
        "{\"a\":" + "{\"a\":".repeat(20_000),
        "{" + model + "}",
        "{" + messages + "}",
        "{" + model + ",\"messages\":\"hi\"}",
        "{" + model + ",\"messages\":[]}",
        "{" + model + ",\"messages\":[1]}",
        "{" + model + ",\"messages\":[{\"role\":\"emperor\",\"content\":\"x\"}]}",
        "{\"model\":7," + messages + "}",
        "{" + model + "," + messages + ",\"max_tokens\":999999999}",
        "{" + model + "," + messages + ",\"max_tokens\":99999999999999999999}",
        "{" + model + "," + messages + ",\"max_completion_tokens\":-1}",
        "{" + model + "," + messages + ",\"max_completion_tokens\":1e400}",
        "{" + model + "," + messages + ",\"temperature\":\"hot\"}",
        "{" + model + "," + messages + ",\"temperature\":9}",
        "{" + model + "," + messages + ",\"n\":100000}",
        "{" + model + "," + messages + ",\"stream\":\"yes\"}",
        "{" + model + "," + messages + ",\"stream_options\":{\"include_usage\":true}}",
        "{\"model\":\"" + GatewayBed.EMBED_MODEL + "\"," + messages + "}",
        "{" + model + "," + messages + "} trailing",
        "{" + model + "," + messages + ",\"seed\":" + "9".repeat(5000) + "}");
  }

  @ParameterizedTest
  @MethodSource("badBodies")
  void aBadBodyIsA400InTheEnvelope(String body) throws Exception {
    assertEnvelope(bed.client.post(CHAT, body), 400);
  }

  @Test
  void invalidUtf8IsA400() throws Exception {
    var body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"".getBytes();
    var broken = new ByteArrayOutputStream();
    broken.writeBytes(body);
    broken.writeBytes(new byte[] {(byte) 0xc3, 0x28, (byte) 0xff, (byte) 0xfe});
    broken.writeBytes("\"}]}".getBytes());

    var response =
        bed.client.send(
            bed.client
                .request(CHAT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(broken.toByteArray()))
                .build());

    assertEnvelope(response, 400);
  }

  @Test
  void fiftyMegabytesAreRefusedEarlyAndTheAnswerIsSeen() throws Exception {
    var response =
        bed.client.send(
            bed.client
                .request(CHAT)
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[50 << 20]))
                .build());

    assertEnvelope(response, 413);
    assertThat(response.headers().firstValue("connection")).contains("close");
  }

  @Test
  void fiftyMegabytesWithoutAnAnnouncedLengthAreRefusedToo() throws Exception {
    var response =
        bed.client.send(
            bed.client
                .request(CHAT)
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () -> new java.io.ByteArrayInputStream(new byte[50 << 20])))
                .build());

    assertEnvelope(response, 413);
  }

  @Test
  void aClientThatAsksFirstDoesNotSendWhatIsTooLarge() throws Exception {
    try (var socket = bed.client.connect()) {
      write(socket, bed.client.head(CHAT, "content-length: 90000000\r\nexpect: 100-continue\r\n"));

      assertThat(readToEnd(socket)).startsWith("HTTP/1.1 413 ").doesNotContain("100 Continue");
    }
  }

  @Test
  void aClientThatAsksFirstMaySendWhatFits() throws Exception {
    var body = "{\"model\":1}";
    try (var socket = bed.client.connect()) {
      write(
          socket,
          bed.client.head(
              CHAT,
              "connection: close\r\nexpect: 100-continue\r\ncontent-length: "
                  + body.length()
                  + "\r\n"));
      assertThat(TestClient.readUntil(socket, "\r\n\r\n")).startsWith("HTTP/1.1 100 ");
      write(socket, body.getBytes(StandardCharsets.US_ASCII));
      assertThat(readToEnd(socket)).startsWith("HTTP/1.1 400 ");
    }
  }

  @Test
  void aBadKeyIsRefusedBeforeItsBodyIsRead() throws Exception {
    try (var socket = bed.client.connect()) {
      write(
          socket,
          ("POST "
                  + CHAT
                  + " HTTP/1.1\r\nhost: t\r\nauthorization: Bearer sk-proj-secret\r\n"
                  + "content-length: 30000000\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));

      assertThat(TestClient.readUntil(socket, "}}"))
          .startsWith("HTTP/1.1 401 ")
          .contains("invalid_api_key")
          .doesNotContain("sk-proj-secret");
    }
  }

  @Test
  void aBodyThatNeverArrivesIsNotWaitedForForever() throws Exception {
    try (var socket = bed.client.connect()) {
      write(socket, bed.client.head(CHAT, "content-length: 1000\r\n"));
      write(socket, "{\"model\"".getBytes(StandardCharsets.US_ASCII));

      assertThat(TestClient.readUntil(socket, "}}")).startsWith("HTTP/1.1 408 ");
    }
  }

  @Test
  void aHeadThatNeverEndsIsCutOff() throws Exception {
    try (var socket = bed.client.connect()) {
      write(socket, "GET /healthz HTTP/1.1\r\nhost: t\r\nx-a: ".getBytes());

      assertThat(readToEnd(socket)).isEmpty();
    }
  }

  @Test
  void anIdleConnectionIsClosed() throws Exception {
    try (var socket = bed.client.connect()) {
      write(socket, "GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n".getBytes());

      assertThat(readToEnd(socket)).startsWith("HTTP/1.1 200 ");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "not http at all\r\n\r\n",
        "GET /healthz HTTP/9.9\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\ncontent-length: many\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\ncontent-length: -5\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
      })
  void malformedHttpIsAnsweredOrClosed(String bytes) throws Exception {
    try (var socket = bed.client.connect()) {
      write(socket, bytes.getBytes(StandardCharsets.US_ASCII));

      assertThat(readToEnd(socket))
          .satisfiesAnyOf(
              answer -> assertThat(answer).isEmpty(),
              answer -> assertThat(answer).matches("(?s)HTTP/1.[01] 4.*\"error\".*"),
              // Answered below our reach.
              answer -> assertThat(answer).startsWith("HTTP/9.9 501 "));
    }
  }

  @Test
  void anEndlessHeaderIsA431InTheEnvelope() throws Exception {
    try (var socket = bed.client.connect()) {
      write(
          socket,
          ("GET /healthz HTTP/1.1\r\nhost: t\r\nx-long: " + "a".repeat(70_000) + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));

      assertThat(readToEnd(socket)).startsWith("HTTP/1.1 431 ").contains("\"error\"");
    }
  }

  @Test
  void anEndlessPathIsA414InTheEnvelope() throws Exception {
    try (var socket = bed.client.connect()) {
      write(
          socket,
          ("GET /" + "a".repeat(20_000) + " HTTP/1.1\r\nhost: t\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));

      assertThat(readToEnd(socket)).startsWith("HTTP/1.0 414 ").contains("\"error\"");
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredInOrder() throws Exception {
    try (var socket = bed.client.connect()) {
      write(
          socket,
          ("GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n"
                  + "GET /nothing HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));

      assertThat(readToEnd(socket)).startsWith("HTTP/1.1 200 ").contains("HTTP/1.1 404 ");
    }
  }

  private static void assertEnvelope(HttpResponse<String> response, int status) throws IOException {
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("application/json");
    var error = JSON.readTree(response.body()).path("error");
    assertThat(error.path("message").asText()).isNotEmpty();
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.has("param")).isTrue();
    assertThat(error.has("code")).isTrue();
  }

  private static void write(Socket socket, byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.getOutputStream().flush();
  }

  private static String readToEnd(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
