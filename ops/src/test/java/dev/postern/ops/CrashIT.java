package dev.postern.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Processes are killed under load: what was answered is on record, and the next start works. */
@Timeout(300)
class CrashIT {
  private static final String QUESTION =
      """
      {"model":"smollm2-135m-instruct","temperature":0,"max_tokens":3,
       "messages":[{"role":"user","content":"Hi"}]}
      """;
  private static final int CLIENTS = 4;
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong answered = new AtomicLong();
  private RunningProduct product;

  @BeforeEach
  void start() throws Exception {
    Files.createDirectories(Path.of("target"));
    product =
        RunningProduct.start(
            Files.createTempDirectory(Path.of("target").toAbsolutePath(), "crash-"));
  }

  @AfterEach
  void stop() {
    product.close();
  }

  @Test
  void losesNoUsageWhenARunnerADatabaseAndAGatewayAreKilled() throws Exception {
    try (var load = new Load()) {
      load.awaitAnswers(10);
      var runner = product.runner();
      runner.destroyForcibly();
      load.awaitAnswers(10);
      assertThat(product.runner().pid()).isNotEqualTo(runner.pid());

      product.postgres().destroyForcibly();
      load.awaitAnswers(10);

      var family = product.family();
      product.gateway().destroyForcibly();
      for (var member : family) {
        member.onExit().get(30, TimeUnit.SECONDS);
      }
      product.restart();
      load.awaitAnswers(10);
    }

    assertThat(recorded()).isBetween(answered.get(), sent.get());
  }

  /** The kernel stops the process, which no watchdog inside it survives. */
  @Test
  void aRunnerThatHangsIsStartedAnewAndItsCallersAreToldSo() throws Exception {
    var runner = product.runner();
    var stopped = new ProcessBuilder("kill", "-STOP", "" + runner.pid()).start();
    assertThat(stopped.waitFor()).isZero();

    var caller =
        CompletableFuture.supplyAsync(() -> {
          try {
            return product.post("/v1/chat/completions", product.projectKey(), QUESTION);
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(product.get("/v1/models", product.projectKey()).statusCode()).isEqualTo(200);
    var refused = caller.get(60, TimeUnit.SECONDS);

    assertThat(refused.statusCode()).isIn(503, 504);
    assertThat(product.json(refused).at("/error/type").asText()).isEqualTo("server_error");
    try (var load = new Load()) {
      load.awaitAnswers(3);
    }
    assertThat(product.runner().pid()).isNotEqualTo(runner.pid());
    assertThat(runner.isAlive()).isFalse();
  }

  @Test
  void stopsInOrderAndLeavesNoProcess() throws Exception {
    var family = product.family();
    assertThat(family).hasSizeGreaterThan(3);

    assertThat(product.stop()).isZero();

    assertThat(family).noneMatch(ProcessHandle::isAlive);
    product.restart();
  }

  private long recorded() throws Exception {
    var since = Instant.now().minus(Duration.ofDays(2)).getEpochSecond();
    var page =
        product.json(
            product.get(
                "/v1/organization/usage/completions?start_time=" + since, product.adminKey()));
    long sum = 0;
    for (var value : page.findValues("num_model_requests")) {
      sum += value.asLong();
    }
    return sum;
  }

  /** Clients that ask one question after the other and count the whole answers. */
  private final class Load implements AutoCloseable {
    private final AtomicBoolean ended = new AtomicBoolean();
    private final ArrayList<Thread> clients = new ArrayList<>();

    Load() throws IOException {
      var key = product.projectKey();
      for (int i = 0; i < CLIENTS; i++) {
        clients.add(Thread.ofPlatform().start(() -> ask(key)));
      }
    }

    private void ask(String key) {
      while (!ended.get()) {
        sent.incrementAndGet();
        try {
          if (product.post("/v1/chat/completions", key, QUESTION).statusCode() == 200) {
            answered.incrementAndGet();
            continue;
          }
          pause();
        } catch (IOException e) {
          pause();
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    /** A client that was refused comes again in a moment, or it would meet its rate limit. */
    private static void pause() {
      LockSupport.parkNanos(PAUSE.toNanos());
    }

    /** Waits until so many more answers have come; the test's time limit ends it. */
    void awaitAnswers(int more) throws InterruptedException {
      long wanted = answered.get() + more;
      while (answered.get() < wanted) {
        clients.getFirst().join(Duration.ofMillis(20));
      }
    }

    @Override
    public void close() {
      ended.set(true);
      try {
        for (var client : clients) {
          client.join();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
