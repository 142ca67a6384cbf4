package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.PROJECT_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.pipeline.EventLoops;
import dev.postern.tenancy.Exports;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.Requests;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/**
 * The ledger as a file, written as fast as the client reads it; the current month where no time is
 * named.
 */
final class ExportRoutes implements RouteGroup {
  private static final Map<String, Format> FORMATS =
      Map.of("csv", Format.CSV, "jsonl", Format.JSONL);

  private final Exports exports;
  private final Projects projects;
  private final InstantSource clock;

  ExportRoutes(Exports exports, Projects projects, InstantSource clock) {
    this.exports = exports;
    this.projects = projects;
    this.clock = clock;
  }

  private enum Format {
    CSV,
    JSONL
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/exports/usage")
        .handler(Api.allow(SESSION, ADMIN_KEY, PROJECT_KEY))
        .handler(Answers.handle(this::usage));
  }

  private void usage(RoutingContext ctx) {
    var query = new Query(ctx);
    var named = query.choice("format", FORMATS);
    var format = named == null ? Format.CSV : named;
    var end = query.time("end_time", clock.instant());
    var start = query.time("start_time", monthOf(end));
    if (!start.isBefore(end)) {
      throw Query.invalid("end_time", "must be after start_time");
    }
    var loop = ctx.vertx().getOrCreateContext();
    EventLoops.here(
            Scope.narrowed(ctx, projects)
                .compose(project ->
                    exports.usage(
                        Api.principal(ctx).tenant(),
                        project.orElse(null),
                        start,
                        end,
                        batch -> write(loop, ctx, format, batch))))
        .onSuccess(count -> {
          begin(ctx, format);
          ctx.response().end();
        })
        .onFailure(cause -> Api.fail(ctx, cause));
  }

  /** The next batch is read once the client has taken this one. */
  private static Future<Void> write(
      Context loop, RoutingContext ctx, Format format, List<Requests.Entry> batch) {
    var taken = Promise.<Void>promise();
    loop.runOnContext(here -> write(ctx, format, batch).onComplete(taken));
    return taken.future();
  }

  private static Future<Void> write(RoutingContext ctx, Format format, List<Requests.Entry> batch) {
    begin(ctx, format);
    var rows = new StringBuilder();
    for (var entry : batch) {
      switch (format) {
        case CSV -> rows.append(UsageCsv.row(entry));
        case JSONL -> rows.append(RequestShapes.entry(entry)).append('\n');
      }
    }
    return ctx.response().write(Buffer.buffer(rows.toString()));
  }

  private static void begin(RoutingContext ctx, Format format) {
    if (ctx.response().headWritten()) {
      return;
    }
    switch (format) {
      case CSV -> Answers.begin(ctx, Csv.CONTENT_TYPE, "usage.csv");
      case JSONL -> Answers.begin(ctx, "application/x-ndjson", "usage.jsonl");
    }
    ctx.response().setChunked(true);
    if (format == Format.CSV) {
      ctx.response().write(UsageCsv.HEADER);
    }
  }

  private static Instant monthOf(Instant time) {
    return YearMonth.from(time.minusNanos(1).atOffset(ZoneOffset.UTC))
        .atDay(1)
        .atStartOfDay(ZoneOffset.UTC)
        .toInstant();
  }
}
