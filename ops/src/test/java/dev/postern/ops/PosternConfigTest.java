package dev.postern.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.ops.PosternConfig.LogFormat;
import dev.postern.ops.PosternConfig.Megabytes;
import dev.postern.ops.runner.Devices;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PosternConfigTest {
  @Test
  void hasADefaultForEverything(@TempDir Path folder) throws Exception {
    assertThat(PosternConfig.read(folder.resolve("none.properties")))
        .isEqualTo(
            new PosternConfig(
                "127.0.0.1",
                8080,
                0,
                Duration.ofSeconds(20),
                new Megabytes(384),
                true,
                Devices.parse("auto"),
                LogFormat.JSON));
  }

  @Test
  void readsEveryKey() {
    var values = new Properties();
    values.setProperty("host", "0.0.0.0");
    values.setProperty("port", "9090");
    values.setProperty("metrics-port", "9100");
    values.setProperty("drain-limit", "2m");
    values.setProperty("runner-memory", "2g");
    values.setProperty("measure-models", "false");
    values.setProperty("device", "cuda:0, cuda:1");
    values.setProperty("log-format", "text");

    assertThat(PosternConfig.of(values))
        .isEqualTo(
            new PosternConfig(
                "0.0.0.0",
                9090,
                9100,
                Duration.ofMinutes(2),
                new Megabytes(2048),
                false,
                Devices.parse("cuda:0,cuda:1"),
                LogFormat.TEXT));
  }

  @Test
  void refusesAnUnknownKeyAndNamesTheKnownOnes() {
    var values = new Properties();
    values.setProperty("prot", "9090");

    assertThatThrownBy(() -> PosternConfig.of(values))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("unknown key prot")
        .hasMessageContaining("metrics-port");
  }

  @ParameterizedTest
  @CsvSource({
    "port, 0",
    "port, 65536",
    "port, http",
    "metrics-port, -1",
    "drain-limit, soon",
    "runner-memory, 384",
    "runner-memory, m",
    "runner-memory, 0m",
    "runner-memory, 9999999g",
    "measure-models, sometimes",
    "log-format, xml"
  })
  void saysWhichValueIsWrongAndWhatIsExpected(String key, String value) {
    var values = new Properties();
    values.setProperty(key, value);

    assertThatThrownBy(() -> PosternConfig.of(values))
        .isInstanceOf(UsageException.class)
        .hasMessageStartingWith(key + " must be ")
        .hasMessageEndingWith(", not " + value);
  }
}
