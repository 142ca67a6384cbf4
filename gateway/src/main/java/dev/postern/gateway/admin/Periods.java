package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.UsageReports.Width;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The stretch of time that a usage or cost report is about, and its page.
 *
 * @param limit how many buckets at most
 */
record Periods(Instant start, Instant end, Width width, int limit) {
  private static final String PAGE_PREFIX = "page_";
  private static final Map<String, Width> WIDTHS =
      Map.of("1m", Width.MINUTE, "1h", Width.HOUR, "1d", Width.DAY);

  static Periods ofUsage(RoutingContext ctx, InstantSource clock) {
    var query = new Query(ctx);
    var width = query.choice("bucket_width", WIDTHS);
    return of(query, clock, width == null ? Width.DAY : width, limits(width));
  }

  static Periods ofCosts(RoutingContext ctx, InstantSource clock) {
    var query = new Query(ctx);
    query.choice("bucket_width", Map.of("1d", Width.DAY));
    return of(query, clock, Width.DAY, new Limits(7, 180));
  }

  private static Periods of(Query query, InstantSource clock, Width width, Limits limits) {
    var start = query.requiredTime("start_time");
    var end = query.time("end_time", clock.instant());
    if (!start.isBefore(end)) {
      throw Query.invalid("end_time", "must be after start_time");
    }
    var page = query.text("page");
    var first = page == null ? start : pageStart(page, start, end);
    int limit = query.integer("limit", limits.usual(), 1, limits.most());
    return new Periods(first, end, width, limit);
  }

  private static Instant pageStart(String page, Instant start, Instant end) {
    try {
      if (page.startsWith(PAGE_PREFIX)) {
        long seconds = Long.parseLong(page, PAGE_PREFIX.length(), page.length(), 16);
        if (seconds >= start.getEpochSecond() && seconds < end.getEpochSecond()) {
          return Instant.ofEpochSecond(seconds);
        }
      }
    } catch (NumberFormatException e) {
      throw Query.invalid("page", "is not one of this report");
    }
    throw Query.invalid("page", "is not one of this report");
  }

  private static Limits limits(@Nullable Width width) {
    return switch (width == null ? Width.DAY : width) {
      case MINUTE -> new Limits(60, 1_440);
      case HOUR -> new Limits(24, 168);
      case DAY -> new Limits(7, 31);
    };
  }

  private record Limits(int usual, int most) {}

  /** The report of something that this server does not do. */
  <R> UsageReports.Buckets<R> empty() {
    long step = width.length().toSeconds();
    long last = end.getEpochSecond();
    long at = start.getEpochSecond() / step * step;
    var buckets = new ArrayList<UsageReports.Bucket<R>>();
    while (at < last && buckets.size() < limit) {
      buckets.add(
          new UsageReports.Bucket<>(
              Instant.ofEpochSecond(at), Instant.ofEpochSecond(at + step), List.of()));
      at += step;
    }
    return new UsageReports.Buckets<>(buckets, at < last ? Instant.ofEpochSecond(at) : null);
  }

  static <R> ObjectNode shape(
      UsageReports.Buckets<R> report, Function<? super R, ObjectNode> result) {
    var page = Shapes.object("page");
    ArrayNode data = page.putArray("data");
    for (var bucket : report.buckets()) {
      var node =
          Shapes.object("bucket")
              .put("start_time", bucket.start().getEpochSecond())
              .put("end_time", bucket.end().getEpochSecond());
      var results = node.putArray("results");
      bucket.results().forEach(one -> results.add(result.apply(one)));
      data.add(node);
    }
    var next = report.next();
    return page.put("has_more", next != null)
        .put(
            "next_page",
            next == null ? null : PAGE_PREFIX + Long.toHexString(next.getEpochSecond()));
  }
}
