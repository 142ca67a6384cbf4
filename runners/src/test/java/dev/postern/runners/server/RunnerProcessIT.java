package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The process as it is deployed, with the model that a fresh installation starts with. */
@Timeout(120)
class RunnerProcessIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String FRANCE =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of"
          + " France?\"}],\"temperature\":0,\"max_tokens\":40%s}";

  private static final String HELLO =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":4}";

  /**
   * Of the whole process: its heap, what a JVM takes beside it, and one model with a small cache.
   */
  private static final int MEMORY_MEGABYTES = 1250;

  private static Path folder;
  private static RunnerProcess shared;

  @BeforeAll
  static void startShared() throws Exception {
    folder = RunnerProcess.defaultModel();
    shared = start();
  }

  @AfterAll
  static void stopShared() {
    if (shared != null) {
      shared.close();
    }
  }

  @Test
  void answersParisInOneDocumentAndInAStream() throws Exception {
    var answer = JSON.readTree(shared.chat(FRANCE.formatted("")).body());
    var text = answer.at("/choices/0/message/content").asText();
    assertThat(text).contains("Paris");
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(answer.at("/postern/cpu_us").asLong()).isPositive();
    var stream =
        shared
            .chat(FRANCE.formatted(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
            .body();
    assertThat(Answers.joined(stream)).isEqualTo(text);
    assertThat(stream).contains(answer.path("usage").toString());
  }

  @Test
  void repeatsItselfForOneSeed() throws Exception {
    var options = ",\"seed\":11,\"n\":2";
    var body = FRANCE.replace("\"temperature\":0", "\"temperature\":1.2").formatted(options);
    var first = choices(shared.chat(body));
    assertThat(choices(shared.chat(body))).isEqualTo(first);
    assertThat(first.get(0).path("message")).isNotEqualTo(first.get(1).path("message"));
  }

  @Test
  void finishesWhatItGeneratesWhenItIsToldToEnd() throws Exception {
    var runner = start();
    var long1 =
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Tell a long"
            + " story.\"}],\"max_tokens\":60,\"logit_bias\":{\"2\":-100},\"stream\":true}";
    var lines = runner.lines(long1).iterator();
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

  /** Compiling, collecting and sockets included; by the kernel's count of the process. */
  @Test
  void tellsTenantsAllTheProcessorTimeThatTheProcessTookUnderLoad() throws Exception {
    shared.chat(FRANCE.formatted(""));
    double process = processSeconds();
    double told = toldSeconds();
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    for (int i = 0; i < 24; i++) {
      var body = FRANCE.replace("France", "country " + i).formatted(",\"logit_bias\":{\"2\":-100}");
      answers.add(
          shared.postAsync("/v1/chat/completions", body, "x-postern-tenant", "tenant-" + i % 3));
    }
    double answered = 0;
    for (var answer : answers) {
      answered += JSON.readTree(answer.join().body()).at("/postern/cpu_us").asLong() / 1e6;
    }
    told = toldSeconds() - told;
    process = processSeconds() - process;

    assertThat(told).isCloseTo(answered, Offset.offset(0.001));
    assertThat(told).isCloseTo(process, Percentage.withPercentage(2));
  }

  /** Fields of the kernel's {@code stat} behind the name, in hundredths of a second. */
  private static double processSeconds() throws IOException {
    var stat = Files.readString(Path.of("/proc/" + shared.process().pid() + "/stat"));
    var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
  }

  private static double toldSeconds() throws Exception {
    return shared
        .get("/metrics")
        .lines()
        .filter(line -> line.startsWith("postern_runner_tenant_cpu_seconds_total{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
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
    var process = RunnerProcess.launch("--chat", "m=/nowhere/at/all");
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    var wrong = RunnerProcess.launch("--nonsense", "1");
    assertThat(wrong.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(wrong.exitValue()).isEqualTo(2);
  }

  @Test
  void aKillInTheMiddleOfALoadHarmsNeitherTheModelNorOtherRunners() throws Exception {
    var files = files();
    var killed = start();
    var load =
        killed.postAsync(
            "/control/load",
            "{\"name\":\"second\",\"role\":\"chat\",\"folder\":\"%s\"}".formatted(folder));
    while (!killed.get("/control/models").contains("\"loading\"")) {
      assertThat(load).isNotDone();
    }
    killed.process().destroyForcibly().waitFor();

    assertThat(load).failsWithin(Duration.ofSeconds(10));
    assertThat(shared.chat(HELLO).statusCode()).isEqualTo(200);
    assertThat(files()).isEqualTo(files);
    try (var next = start()) {
      assertThat(next.chat(HELLO).statusCode()).isEqualTo(200);
    }
  }

  /** Many long requests at once: each is answered whole, or refused with the time to come back. */
  @Test
  void neverTakesMoreMemoryThanItMay() throws Exception {
    try (var runner =
        RunnerProcess.start(
            "--chat", "m=" + folder,
            "--memory", MEMORY_MEGABYTES + "m",
            "--max-context", "1024",
            "--cache-mb", "50",
            "--max-waiting", "5")) {
      var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
      for (int i = 0; i < 10; i++) {
        var body =
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"max_tokens\":%d,\"logit_bias\":{\"2\":-100}}"
                .formatted((i + " words and more ").repeat(90), 60);
        answers.add(
            runner.postAsync("/v1/chat/completions", body, "x-postern-tenant", "tenant-" + i % 3));
      }
      int whole = 0;
      for (var answer : answers) {
        var response = answer.join();
        if (response.statusCode() == 200) {
          whole++;
          assertThat(JSON.readTree(response.body()).at("/usage/completion_tokens").asInt())
              .isEqualTo(60);
        } else {
          assertThat(response.statusCode()).as(response.body()).isEqualTo(503);
          assertThat(response.headers().firstValue("retry-after")).isPresent();
          assertThat(JSON.readTree(response.body()).at("/error/code").asText())
              .isEqualTo("server_is_overloaded");
        }
      }
      assertThat(whole).isGreaterThanOrEqualTo(5);
      var memory = runner.json("/control/capacity").path("memory");
      assertThat(memory.path("promised_bytes").asLong())
          .isPositive()
          .isLessThanOrEqualTo(memory.path("budget_bytes").asLong());
      assertThat(highestResidentMegabytes(runner)).isLessThan(MEMORY_MEGABYTES);
      assertThat(runner.chat(HELLO).statusCode()).isEqualTo(200);
    }
  }

  private static long highestResidentMegabytes(RunnerProcess runner) throws IOException {
    for (var line : Files.readAllLines(Path.of("/proc/" + runner.process().pid() + "/status"))) {
      if (line.startsWith("VmHWM:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) >> 10;
      }
    }
    throw new IOException("the kernel does not tell");
  }

  /** What lies in the model's folder and beside it, with times. */
  private static Map<Path, FileTime> files() throws IOException {
    var files = new TreeMap<Path, FileTime>();
    try (Stream<Path> tree = Files.walk(folder)) {
      for (var path : (Iterable<Path>) tree::iterator) {
        files.put(path, Files.getLastModifiedTime(path));
      }
    }
    return files;
  }

  private static RunnerProcess start() throws Exception {
    return RunnerProcess.start("--chat", "m=" + folder, "--max-context", "2048");
  }

  private static JsonNode choices(HttpResponse<String> response) throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body()).path("choices");
  }
}
