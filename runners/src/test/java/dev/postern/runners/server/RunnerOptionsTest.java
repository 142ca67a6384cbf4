package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.engine.EngineConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunnerOptionsTest {
  @Test
  void servesTheLoopbackOnAFreePortUnlessTold() throws Exception {
    var options = RunnerOptions.parse();
    assertThat(options.host()).isEqualTo("127.0.0.1");
    assertThat(options.port()).isZero();
    assertThat(options.lifeline()).isFalse();
    assertThat(options.models()).isEmpty();
    assertThat(options.engine()).isEqualTo(EngineConfig.defaults());
  }

  @Test
  void readsEveryOption() throws Exception {
    var options =
        RunnerOptions.parse(
            "--chat",
            "a=/x=y",
            "--embed",
            "b=/z",
            "--host",
            "0.0.0.0",
            "--port",
            "9000",
            "--max-rows",
            "4",
            "--max-waiting",
            "5",
            "--max-context",
            "600",
            "--cache-mb",
            "7",
            "--threads",
            "3",
            "--device",
            "cuda:0",
            "--memory",
            "900m",
            "--step-limit",
            "9",
            "--stdin-lifeline");
    assertThat(options.stepLimit()).hasSeconds(9);
    assertThat(options.memoryBytes()).isEqualTo(900L << 20);
    assertThat(options.models())
        .containsExactly(
            new ModelSource("a", ModelRole.CHAT, Path.of("/x=y")),
            new ModelSource("b", ModelRole.EMBEDDING, Path.of("/z")));
    assertThat(options.host()).isEqualTo("0.0.0.0");
    assertThat(options.port()).isEqualTo(9000);
    assertThat(options.lifeline()).isTrue();
    assertThat(options.engine())
        .isEqualTo(
            EngineConfig.defaults()
                .withMaxRows(4)
                .withMaxWaiting(5)
                .withMaxContext(600)
                .withCacheBytes(7 * 1024 * 1024)
                .withThreads(3)
                .withProvider(EngineConfig.Provider.CUDA));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--chat",
        "--chat name",
        "--chat =/x",
        "--chat a=",
        "--port x",
        "--port 70000",
        "--max-rows 0",
        "--device tpu",
        "--what 1",
        "--what"
      })
  void saysWhatIsWrongWithACommandLine(String line) {
    assertThatThrownBy(() -> RunnerOptions.parse(line.split(" ")))
        .isInstanceOf(RunnerOptions.Wrong.class)
        .hasMessageContaining(line.split(" ")[0]);
  }
}
