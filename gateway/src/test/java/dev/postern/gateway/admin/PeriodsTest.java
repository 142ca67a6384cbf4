package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.UsageReports.Bucket;
import dev.postern.tenancy.UsageReports.Buckets;
import dev.postern.tenancy.UsageReports.Width;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeriodsTest {
  private static final Instant START = Instant.parse("2026-11-01T05:30:00Z");

  @Test
  void keepsEmptyBucketsWithoutAGap() {
    var end = Instant.parse("2026-11-01T08:00:00Z");
    var report = new Periods(START, end, Width.HOUR, 24).<Object>empty();
    assertThat(report.next()).isNull();
    assertThat(report.buckets())
        .extracting(Bucket::start)
        .containsExactly(
            Instant.parse("2026-11-01T05:00:00Z"),
            Instant.parse("2026-11-01T06:00:00Z"),
            Instant.parse("2026-11-01T07:00:00Z"));
  }

  @Test
  void goesOnWhereThePageEnded() {
    var end = Instant.parse("2026-11-03T00:00:00Z");
    var report = new Periods(START, end, Width.DAY, 1).<Object>empty();
    var next = Instant.parse("2026-11-02T00:00:00Z");
    assertThat(report.next()).isEqualTo(next);
    var page = Periods.shape(report, result -> Shapes.object("none"));
    assertThat(page.get("has_more").booleanValue()).isTrue();
    assertThat(page.get("next_page").textValue())
        .isEqualTo("page_" + Long.toHexString(next.getEpochSecond()));
  }

  @Test
  void shapesTheLastPageWithNulls() {
    var page = Periods.shape(new Buckets<>(List.of(), null), result -> Shapes.object("none"));
    assertThat(page.get("object").textValue()).isEqualTo("page");
    assertThat(page.get("next_page").isNull()).isTrue();
    assertThat(page.get("has_more").booleanValue()).isFalse();
  }
}
