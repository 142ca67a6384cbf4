package dev.postern.registry.internal;

import dev.postern.registry.Adapter;
import dev.postern.registry.Deployment;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.Routes;
import dev.postern.registry.RunnerDirectory;
import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Routes in memory: the whole table, read anew after each change and every few seconds, since a
 * runner that falls silent makes no news. While PostgreSQL is away the last table stays.
 */
public final class PgRoutes implements Routes {
  private static final Logger LOG = LoggerFactory.getLogger(PgRoutes.class);

  private static final String DEPLOYMENTS =
      "SELECT d.tenant_id, d.name, d.created_at, "
          + PgModels.VERSION_COLUMNS
          + " FROM door.all_deployments() d JOIN model_versions v USING (digest)";

  private static final String ADAPTERS =
      "SELECT tenant_id, " + PgAdapters.COLUMNS + " FROM door.all_adapters()";

  private static final String TOPIC = "routes";
  private static final long REFRESH_MILLIS = 5_000;

  private final PgStore store;
  private final PgRunnerDirectory runners;
  private final Vertx vertx;
  private final long timer;
  private final AtomicInteger turn = new AtomicInteger();

  private volatile RouteTable table = RouteTable.of(List.of(), List.of(), List.of(), Instant.MIN);

  /** Readings that were asked for; one runs at a time, and one more for all who ask meanwhile. */
  private final AtomicInteger wanted = new AtomicInteger();

  PgRoutes(Vertx vertx, PgStore store, PgRunnerDirectory runners, ChangeFeed feed) {
    this.vertx = vertx;
    this.store = store;
    this.runners = runners;
    this.timer = vertx.setPeriodic(REFRESH_MILLIS, due -> refresh());
    feed.subscribe(TOPIC, change -> refresh(), this::refresh);
  }

  @Override
  public Future<RoutePlan> resolve(TenantId tenant, String model) {
    var current = table;
    return plan(current, current.find(tenant, model), model, null);
  }

  @Override
  public Future<RoutePlan> resolve(TenantId tenant, ProjectId project, String model) {
    var current = table;
    var adapter = current.find(tenant, project, model);
    return adapter == null
        ? plan(current, current.find(tenant, model), model, null)
        : plan(current, current.find(tenant, adapter.base()), model, adapter.facts().digest());
  }

  private Future<RoutePlan> plan(
      RouteTable current, @Nullable Deployment deployment, String model, @Nullable String adapter) {
    if (deployment == null) {
      return Future.failedFuture(new RegistryException(new RegistryFailure.ModelNotFound(model)));
    }
    var version = deployment.version();
    return Future.succeededFuture(
        new RoutePlan(
            model, version, adapter, current.candidates(version.digest(), turn.getAndIncrement())));
  }

  @Override
  public Future<List<Adapter>> adapters(TenantId tenant, ProjectId project) {
    return Future.succeededFuture(table.adapters(tenant, project));
  }

  @Override
  public Future<List<Deployment>> deployments(TenantId tenant) {
    return Future.succeededFuture(List.copyOf(table.visible(tenant)));
  }

  /** Reads the table. */
  Future<Void> load() {
    return store
        .transaction(
            null,
            connection ->
                deployments(connection)
                    .compose(
                        names -> adapters(connection).map(adapters -> new Names(names, adapters))))
        .compose(names -> runners.list().map(found -> build(names, found)))
        .onSuccess(built -> table = built)
        .mapEmpty();
  }

  /** What clients can call. */
  private record Names(
      List<RouteTable.Owned> deployments, List<RouteTable.OwnedAdapter> adapters) {}

  private static Future<List<RouteTable.Owned>> deployments(SqlConnection connection) {
    return connection
        .query(DEPLOYMENTS)
        .execute()
        .map(rows -> {
          var deployments = new ArrayList<RouteTable.Owned>(rows.size());
          for (var row : rows) {
            var tenant = row.getUUID("tenant_id");
            deployments.add(
                new RouteTable.Owned(
                    tenant == null ? null : new TenantId(tenant), PgDeployments.deployment(row)));
          }
          return deployments;
        });
  }

  private static Future<List<RouteTable.OwnedAdapter>> adapters(SqlConnection connection) {
    return connection
        .query(ADAPTERS)
        .execute()
        .map(rows -> {
          var adapters = new ArrayList<RouteTable.OwnedAdapter>(rows.size());
          rows.forEach(row ->
              adapters.add(
                  new RouteTable.OwnedAdapter(
                      new TenantId(row.getUUID("tenant_id")), PgAdapters.adapter(row))));
          return adapters;
        });
  }

  private RouteTable build(Names names, List<RunnerDirectory.Runner> found) {
    return RouteTable.of(
        names.deployments(),
        names.adapters(),
        found,
        store.now().minus(RunnerDirectory.SILENT_AFTER));
  }

  private void refresh() {
    if (wanted.getAndIncrement() == 0) {
      readUntilNobodyAsks(1);
    }
  }

  private void readUntilNobodyAsks(int asked) {
    load()
        .onFailure(cause -> LOG.debug("routes stay as they were: {}", cause.toString()))
        .onComplete(done -> {
          var since = wanted.addAndGet(-asked);
          if (since > 0) {
            readUntilNobodyAsks(since);
          }
        });
  }

  void close() {
    vertx.cancelTimer(timer);
  }
}
