package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The whole product, started by the real launcher as users start it. */
final class RunningProduct implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Duration START_LIMIT = Duration.ofMinutes(8);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Path home;
  private final int port;
  private Process process;

  private RunningProduct(Path home, int port) throws IOException {
    this.home = home;
    this.port = port;
    this.process = launch();
  }

  /** One for all tests that do it no harm; started by the first and stopped with the JVM. */
  static RunningProduct shared() {
    return Shared.PRODUCT;
  }

  private static final class Shared {
    static final RunningProduct PRODUCT = start();

    private static RunningProduct start() {
      try {
        Files.createDirectories(Path.of("target"));
        var home = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "home-");
        var product = RunningProduct.start(home);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(product::close));
        return product;
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Starts it and waits until it is ready. */
  static RunningProduct start(Path home) throws IOException, InterruptedException {
    var product = new RunningProduct(home, freePort());
    try {
      product.awaitReady();
      return product;
    } catch (IOException | InterruptedException | RuntimeException e) {
      product.close();
      throw e;
    }
  }

  /** Starts it again, after its end, on the same home and port. */
  void restart() throws IOException, InterruptedException {
    process = launch();
    awaitReady();
  }

  /** Runs another command of the launcher to its end. */
  static Ended run(String... words) throws IOException, InterruptedException {
    var command = Stream.concat(Stream.of(ROOT + "/postern"), Stream.of(words)).toList();
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("POSTERN_BUILD", "0");
    var started = builder.start();
    var output = new String(started.getInputStream().readAllBytes(), UTF_8);
    return new Ended(started.waitFor(), output);
  }

  record Ended(int exit, String output) {}

  private Process launch() throws IOException {
    var log = home.resolveSibling(home.getFileName() + ".log").toFile();
    var builder =
        new ProcessBuilder(ROOT + "/postern", "up", "--home", home.toString(), "--port", "" + port)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log));
    // The build that runs this test has just built it.
    builder.environment().put("POSTERN_BUILD", "0");
    return builder.start();
  }

  void awaitReady() throws IOException, InterruptedException {
    long end = System.nanoTime() + START_LIMIT.toNanos();
    while (!ready()) {
      if (!process.isAlive() || System.nanoTime() > end) {
        throw new IOException("the product did not become ready:\n" + output());
      }
      process.waitFor(50, TimeUnit.MILLISECONDS);
    }
  }

  private boolean ready() throws InterruptedException {
    try {
      // The screen is printed last, so the files that a test reads are there.
      return get("/readyz", "").statusCode() == 200 && output().contains("Postern is ready.");
    } catch (IOException e) {
      return false;
    }
  }

  String output() throws IOException {
    return Files.readString(home.resolveSibling(home.getFileName() + ".log"));
  }

  Path home() {
    return home;
  }

  int port() {
    return port;
  }

  String url() {
    return "http://127.0.0.1:" + port;
  }

  /** A value of bootstrap.env. */
  String env(String name) throws IOException {
    return BootstrapFile.open(home.resolve("bootstrap.env")).get(name).orElseThrow();
  }

  String projectKey() throws IOException {
    return env(BootstrapFile.API_KEY);
  }

  String adminKey() throws IOException {
    return env(BootstrapFile.ADMIN_KEY);
  }

  HttpResponse<String> get(String path, String key) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(URI.create(url() + path)).GET(), key);
  }

  HttpResponse<String> post(String path, String key, byte[] body)
      throws IOException, InterruptedException {
    return send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)),
        key);
  }

  HttpResponse<String> post(String path, String key, String body)
      throws IOException, InterruptedException {
    return post(path, key, body.getBytes(UTF_8));
  }

  JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  private HttpResponse<String> send(HttpRequest.Builder request, String key)
      throws IOException, InterruptedException {
    return http.send(
        request.timeout(ANSWER_LIMIT).header("authorization", "Bearer " + key).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  ProcessHandle gateway() {
    return process.toHandle();
  }

  ProcessHandle runner() {
    return child("/java");
  }

  ProcessHandle postgres() {
    return child("/postgres");
  }

  /** The gateway and all that it started. */
  List<ProcessHandle> family() {
    return Stream.concat(Stream.of(gateway()), gateway().descendants()).toList();
  }

  private ProcessHandle child(String program) {
    return gateway()
        .children()
        .filter(child -> child.info().command().orElse("").endsWith(program))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no " + program + " is running"));
  }

  /** Sends SIGTERM and waits for the end. */
  int stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("it does not stop");
    }
    return process.exitValue();
  }

  @Override
  public void close() {
    var family = family();
    process.destroy();
    try {
      if (process.waitFor(60, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    family.forEach(ProcessHandle::destroyForcibly);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
