package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The official OpenAI SDK for Python against the product. */
@Timeout(600)
class OpenAiSdkIT {
  @Test
  void theOfficialSdkGetsTheSameTextWholeAndStreamed() throws Exception {
    var python = virtualEnvironment();
    var product = RunningProduct.shared();

    var check = run(product, python.toString(), "src/test/python/sdk_check.py");

    assertThat(check.output()).as(check.output()).endsWith("ok\n");
    assertThat(check.exit()).isZero();
  }

  private static Path virtualEnvironment() throws IOException, InterruptedException {
    var folder = Path.of("target/openai-sdk").toAbsolutePath();
    var python = folder.resolve("bin/python");
    if (!Files.exists(folder.resolve("complete"))) {
      var made = run(null, "python3", "-m", "venv", folder.toString());
      assumeTrue(made.exit() == 0, "skipped, python3 cannot make a venv: " + made.output());
      var installed = run(null, python.toString(), "-m", "pip", "install", "-q", "openai==2.54.0");
      assumeTrue(
          installed.exit() == 0, "skipped, pip cannot install openai: " + installed.output());
      Files.createFile(folder.resolve("complete"));
    }
    return python;
  }

  private static RunningProduct.Ended run(@Nullable RunningProduct product, String... words)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(List.of(words)).redirectErrorStream(true);
    if (product != null) {
      builder.environment().put("OPENAI_BASE_URL", product.url() + "/v1");
      builder.environment().put("OPENAI_API_KEY", product.projectKey());
    }
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new RunningProduct.Ended(127, e.toString());
    }
    var output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new RunningProduct.Ended(process.waitFor(), output);
  }
}
