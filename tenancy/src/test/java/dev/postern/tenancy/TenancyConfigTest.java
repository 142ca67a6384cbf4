package dev.postern.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class TenancyConfigTest {
  private static final Path SPOOL = Path.of("spool");

  @Test
  void hasTheseDefaults() {
    var pepper = new Pepper(new byte[32]);
    assertThat(TenancyConfig.of(pepper, SPOOL))
        .isEqualTo(
            new TenancyConfig(
                pepper,
                Duration.ofSeconds(10),
                new TenancyConfig.KeyCache(20_000, Duration.ofSeconds(10), Duration.ofSeconds(10)),
                new TenancyConfig.SignIn(
                    Duration.ofHours(12), Duration.ofMinutes(1), 5, 20, 100, 600_000),
                SPOOL,
                new DefaultLimits(600, 200_000, 64)));
  }

  @Test
  void refusesAPepperThatIsTooShort() {
    assertThatThrownBy(() -> new Pepper(new byte[31])).hasMessageContaining("32 bytes");
  }

  @Test
  void neverPrintsThePepper() {
    var secret = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    assertThat(TenancyConfig.of(new Pepper(secret), SPOOL).toString()).doesNotContain("0123456789");
  }

  @Test
  void hashesByHmacSha256() {
    var pepper = new Pepper("k".repeat(32).getBytes(StandardCharsets.US_ASCII));
    assertThat(HexFormat.of().formatHex(pepper.hash("data".getBytes(StandardCharsets.US_ASCII))))
        .isEqualTo("eedca5e79a7fa4f145644ea125666fbe8bab590801956fec0d4b7607d1427bc8");
  }
}
