package dev.postern.gateway.wire.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoDurationTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0ms",
    "120, 120ms",
    "999, 999ms",
    "1000, 1s",
    "1001, 2s",
    "59001, 1m0s",
    "360000, 6m0s",
    "3723000, 1h2m3s",
    "3600000, 1h0m0s",
    "-5, 0ms",
  })
  void writesDurationsLikeGoAndNeverTooShort(long millis, String text) {
    assertThat(GoDuration.of(Duration.ofMillis(millis))).isEqualTo(text);
  }
}
