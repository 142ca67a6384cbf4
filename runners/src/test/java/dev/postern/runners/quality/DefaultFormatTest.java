package dev.postern.runners.quality;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class DefaultFormatTest {
  private static QualityRow row(
      String format, double one, double eight, double divergence, double perplexity) {
    return new QualityRow(
        format, "sha256:x", 1, one, eight, divergence, perplexity, 20, 0.9, 100, "texts", "now");
  }

  private static String chosen(QualityRow... rows) {
    return DefaultFormat.of(List.of(rows)).orElseThrow().row().format();
  }

  @Test
  void takesTheFastestOfThoseThatAreFaithful() {
    assertThat(
            chosen(
                row("slow", 60, 130, 0.0002, 20.01),
                row("fast", 170, 570, 0.0099, 20.09),
                row("faster but off", 250, 600, 0.0101, 20.0),
                row("faster but surprised", 250, 600, 0.001, 20.2),
                row("faster but too sure", 250, 600, 0.001, 19.8)))
        .isEqualTo("fast");
  }

  @Test
  void weighsOneRowAndEightAlike() {
    assertThat(chosen(row("alone", 200, 200, 0, 20), row("together", 150, 400, 0, 20)))
        .isEqualTo("together");
  }

  @Test
  void takesTheNearestWhereNoneIsFaithful() {
    var rows = List.of(row("far", 900, 900, 0.3, 25), row("near", 10, 10, 0.02, 20));
    var best = DefaultFormat.of(rows).orElseThrow();
    assertThat(best.row().format()).isEqualTo("near");
    assertThat(best.why()).contains("none");
    assertThat(DefaultFormat.of(List.of())).isEmpty();
  }
}
