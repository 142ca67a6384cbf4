package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.testing.TestPostgres.await;

import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.UUID;

/** Tenants, calls and events for tests of quotas and of what the ledger holds. */
public final class Gateways {
  private static final Ids IDS = new Ids(InstantSource.system());

  /** Publishes nothing: tests that need news use the real feed. */
  public static final ChangeFeed SILENT =
      new ChangeFeed() {
        @Override
        public void subscribe(String topic, Handler<String> onChange, Runnable onGap) {}

        @Override
        public boolean confirmedWithin(Duration age) {
          return true;
        }
      };

  /** Takes every change and keeps none. */
  public static final AuditLog NO_AUDIT =
      new AuditLog() {
        @Override
        public Future<Void> append(SqlConnection connection, Change change) {
          return Future.succeededFuture();
        }

        @Override
        public Future<Void> record(TenantId tenant, Change change) {
          return Future.succeededFuture();
        }

        @Override
        public Future<Page<Entry>> list(TenantId tenant, Filter filter, PageRequest page) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Future<OptionalLong> firstBroken(TenantId tenant) {
          throw new UnsupportedOperationException();
        }
      };

  private Gateways() {}

  /** A tenant with one project and one key. */
  public record Tenant(TenantId id, ProjectId project, UUID key) {

    /** Inserts the rows that others refer to. */
    public static Tenant create(Pool owner) {
      var tenant = new Tenant(new TenantId(IDS.next()), new ProjectId(IDS.next()), IDS.next());
      var now = Instant.EPOCH.atOffset(ZoneOffset.UTC);
      await(
          owner
              .preparedQuery(
                  "INSERT INTO organisations (id, name, created_at) VALUES ($1, 'org', $2)")
              .execute(Tuple.of(tenant.id.value(), now)));
      await(
          owner
              .preparedQuery(
                  """
                  INSERT INTO projects (id, tenant_id, name, created_at)
                  VALUES ($1, $2, 'project', $3)
                  """)
              .execute(Tuple.of(tenant.project.value(), tenant.id.value(), now)));
      await(
          owner
              .preparedQuery(
                  """
                  INSERT INTO api_keys
                    (id, tenant_id, kind, project_id, name, hash, suffix, created_at)
                  VALUES ($1, $2, 'project', $3, 'key', sha256($1::text::bytea), 'abcd', $4)
                  """)
              .execute(Tuple.of(tenant.key, tenant.id.value(), tenant.project.value(), now)));
      return tenant;
    }

    /** A model that no other tenant calls, so that tests can price it. */
    public String model() {
      return "model-" + project.value();
    }

    public Principal principal() {
      return new Principal(Principal.Kind.PROJECT_KEY, id, project, key, "key");
    }

    public Quotas.Demand demand(long prompt, long minCompletion, long maxCompletion) {
      return new Quotas.Demand(
          IDS.next(), principal(), project, model(), prompt, minCompletion, maxCompletion);
    }

    public UsageEvent event(long prompt, long cached, long completion, Instant startedAt) {
      return event(IDS.next(), prompt, cached, completion, startedAt);
    }

    public UsageEvent event(UUID id, long prompt, long cached, long completion, Instant startedAt) {
      Map<String, Long> stages = new LinkedHashMap<>();
      stages.put("generate", 900L);
      stages.put("admit", 3L);
      return new UsageEvent(
          id,
          this.id,
          project,
          Principal.Kind.PROJECT_KEY,
          key,
          UsageEvent.Endpoint.CHAT_COMPLETIONS,
          model(),
          "sha256:abc",
          prompt,
          cached,
          completion,
          completion / 4,
          UsageEvent.Outcome.COMPLETED,
          200,
          null,
          false,
          startedAt.truncatedTo(ChronoUnit.MICROS),
          500,
          1000,
          700,
          stages,
          "none");
    }
  }

  /** Starts a gateway's quotas and ledger. */
  public static Metering start(Vertx vertx, Pool pool, Path spool, DefaultLimits limits) {
    var clock = InstantSource.system();
    var db = new TenantDb(pool, Duration.ofSeconds(10));
    var prices = new PgPrices(db, NO_AUDIT, IDS, clock);
    return await(Metering.start(vertx, pool, prices, SILENT, spool, limits, clock));
  }
}
