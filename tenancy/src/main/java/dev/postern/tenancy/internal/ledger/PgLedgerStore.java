package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.internal.Columns.timestamp;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.internal.quota.LeasedQuotas.Charge;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Records a batch over all tenants by one call of a function that the schema offers for it. */
final class PgLedgerStore implements LedgerStore {
  private static final long TIMEOUT_MILLIS = 2000;

  private static final String APPEND =
      """
      SELECT charged_project, charged_epoch, charged
      FROM door.ledger_append(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26)
      """;

  private static final String APPEND_FINDINGS =
      "SELECT door.security_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

  private final Pool pool;
  private final UUID holder;

  PgLedgerStore(Pool pool, UUID holder) {
    this.pool = pool;
    this.holder = holder;
  }

  @Override
  public Future<List<Charge>> append(List<Entry> entries) {
    List<UsageEvent> events = new ArrayList<>(entries.size());
    List<SecurityEvent> findings = new ArrayList<>();
    for (Entry entry : entries) {
      switch (entry) {
        case Entry.Usage(UsageEvent event) -> events.add(event);
        case Entry.Finding(SecurityEvent event) -> findings.add(event);
      }
    }
    // Findings first: whoever sees a call sees what was found in it.
    return appendFindings(findings).compose(done -> appendEvents(events));
  }

  /** SQLSTATE 22 is a value that does not fit its column, 23 one that breaks a constraint. */
  @Override
  public boolean isRefusal(Throwable failure) {
    String state = failure instanceof PgException pg ? pg.getSqlState() : null;
    return state != null && (state.startsWith("22") || state.startsWith("23"));
  }

  private Future<Void> appendFindings(List<SecurityEvent> findings) {
    if (findings.isEmpty()) {
      return Future.succeededFuture();
    }
    var columns = new Columns<>(findings);
    var values =
        Tuple.tuple()
            .addValue(columns.of(SecurityEvent::id, UUID[]::new))
            .addValue(columns.of(e -> e.tenant().value(), UUID[]::new))
            .addValue(columns.of(e -> e.project().value(), UUID[]::new))
            .addValue(columns.of(SecurityEvent::requestId, UUID[]::new))
            .addValue(columns.of(e -> e.subjectKind().name(), String[]::new))
            .addValue(columns.of(SecurityEvent::subjectId, UUID[]::new))
            .addValue(columns.of(e -> timestamp(e.createdAt()), OffsetDateTime[]::new))
            .addValue(columns.of(e -> text(e.detector()), String[]::new))
            .addValue(columns.of(e -> text(e.action()), String[]::new))
            .addValue(columns.of(e -> text(e.stage()), String[]::new))
            .addValue(columns.of(SecurityEvent::count, Long[]::new));
    return execute(APPEND_FINDINGS, values).mapEmpty();
  }

  private Future<List<Charge>> appendEvents(List<UsageEvent> events) {
    if (events.isEmpty()) {
      return Future.succeededFuture(List.of());
    }
    var columns = new Columns<>(events);
    var quantities = new Columns<>(events.stream().map(Quantities::of).toList());
    var values =
        Tuple.tuple()
            .addUUID(holder)
            .addValue(columns.of(UsageEvent::id, UUID[]::new))
            .addValue(columns.of(e -> e.tenant().value(), UUID[]::new))
            .addValue(columns.of(e -> e.project().value(), UUID[]::new))
            .addValue(columns.of(e -> e.subjectKind().name(), String[]::new))
            .addValue(columns.of(UsageEvent::subjectId, UUID[]::new))
            .addValue(columns.of(e -> e.endpoint().name(), String[]::new))
            .addValue(columns.of(e -> text(e.model()), String[]::new))
            .addValue(columns.of(e -> text(e.version()), String[]::new))
            .addValue(columns.of(UsageEvent::promptTokens, Long[]::new))
            .addValue(columns.of(UsageEvent::cachedTokens, Long[]::new))
            .addValue(columns.of(UsageEvent::completionTokens, Long[]::new))
            .addValue(columns.of(e -> e.outcome().name(), String[]::new))
            .addValue(columns.of(UsageEvent::httpStatus, Integer[]::new))
            .addValue(columns.of(e -> text(e.errorCode()), String[]::new))
            .addValue(columns.of(UsageEvent::streamed, Boolean[]::new))
            .addValue(columns.of(e -> timestamp(e.startedAt()), OffsetDateTime[]::new))
            .addValue(columns.of(UsageEvent::firstTokenMicros, Long[]::new))
            .addValue(columns.of(UsageEvent::totalMicros, Long[]::new))
            .addValue(columns.of(UsageEvent::runnerCpuMicros, Long[]::new))
            .addValue(columns.of(PgLedgerStore::stages, String[]::new))
            .addValue(columns.of(e -> text(e.verdict()), String[]::new))
            .addValue(quantities.of(Quantities::input, Long[]::new))
            .addValue(quantities.of(Quantities::cached, Long[]::new))
            .addValue(quantities.of(Quantities::output, Long[]::new))
            .addValue(columns.of(UsageEvent::reasoningTokens, Long[]::new));
    return execute(APPEND, values).map(PgLedgerStore::charges);
  }

  private Future<RowSet<Row>> execute(String sql, Tuple values) {
    return pool.preparedQuery(sql).execute(values).timeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
  }

  private static List<Charge> charges(RowSet<Row> rows) {
    List<Charge> charges = new ArrayList<>(rows.size());
    for (Row row : rows) {
      charges.add(
          new Charge(
              new ProjectId(row.getUUID("charged_project")),
              row.getLong("charged_epoch"),
              row.getLong("charged")));
    }
    return charges;
  }

  private static String stages(UsageEvent event) {
    return new JsonObject(new LinkedHashMap<>(event.stageMicros())).encode();
  }

  /** PostgreSQL's text holds every character but this one, which clients can send in JSON. */
  private static @Nullable String text(@Nullable String value) {
    return value == null || value.indexOf('\0') < 0 ? value : value.replace('\0', '\uFFFD');
  }

  /** Rows turned into one array a column. */
  private record Columns<R>(List<R> rows) {
    <T extends @Nullable Object> T[] of(Function<R, T> column, IntFunction<T[]> array) {
      return rows.stream().map(column).toArray(array);
    }
  }
}
