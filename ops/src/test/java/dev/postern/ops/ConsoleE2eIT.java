package dev.postern.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The console's browser tests, in a real Chromium against the running product. */
@Timeout(900)
class ConsoleE2eIT {
  private static final String QUESTION =
      """
      {"model":"smollm2-135m-instruct","max_tokens":4,"messages":[{"role":"user","content":"Hi"}]}
      """;
  private static final Path CONSOLE = Path.of("../web-ui");
  private static final Path REPORT = Path.of("target/console-e2e.log").toAbsolutePath();

  @Test
  void theConsoleWorksInARealBrowser() throws Exception {
    var browser = browser();
    boolean ci = "true".equals(System.getenv("CI"));
    var missing = "no Chromium is installed (Debian: apt-get install chromium)";
    assertThat(ci && browser.isEmpty()).as(missing).isFalse();
    assumeTrue(browser.isPresent(), "skipped: " + missing);
    assumeTrue(
        ci || Files.exists(CONSOLE.resolve("node_modules/@playwright")),
        "skipped: the console's packages are not installed, as in a build with -Dquick");
    var product = RunningProduct.shared();
    // Pages with lists are walked through with rows in them.
    for (int i = 0; i < 3; i++) {
      product.post("/v1/chat/completions", product.projectKey(), QUESTION);
    }

    int exit = playwright(product, browser.get());

    assertThat(exit).as(ConsoleE2eIT::report).isZero();
  }

  private static int playwright(RunningProduct product, Path browser)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder("node", "node_modules/@playwright/test/cli.js", "test")
            .directory(CONSOLE.toFile())
            .redirectErrorStream(true)
            .redirectOutput(REPORT.toFile());
    var password = Files.readString(product.home().resolve("console-password")).strip();
    builder.environment().put("POSTERN_E2E_URL", product.url());
    builder.environment().put("POSTERN_E2E_EMAIL", "admin@postern.local");
    builder.environment().put("POSTERN_E2E_PASSWORD", password);
    builder.environment().put("POSTERN_CHROMIUM", browser.toString());
    return builder.start().waitFor();
  }

  private static String report() {
    try {
      return Files.readString(REPORT);
    } catch (IOException e) {
      return REPORT + " cannot be read";
    }
  }

  private static Optional<Path> browser() {
    var chosen = System.getenv("POSTERN_CHROMIUM");
    return Stream.concat(
            Stream.ofNullable(chosen).map(Path::of),
            Stream.of("chromium", "chromium-browser", "google-chrome")
                .map(Path.of("/usr/bin")::resolve))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
