package dev.postern.registry.internal;

import dev.postern.registry.RunnerDirectory;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** Runners in PostgreSQL. */
public final class PgRunnerDirectory implements RunnerDirectory {
  private static final String REGISTER =
      """
      INSERT INTO runners (name, base_uri, served, heartbeat_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (name) DO UPDATE SET base_uri = excluded.base_uri, served = excluded.served,
        heartbeat_at = excluded.heartbeat_at
      """;

  private static final String HEARTBEAT = "UPDATE runners SET heartbeat_at = $2 WHERE name = $1";

  private static final String REMOVE = "DELETE FROM runners WHERE name = $1";

  private static final String LIST =
      "SELECT name, base_uri, served, heartbeat_at FROM runners ORDER BY name";

  private final PgStore store;

  PgRunnerDirectory(PgStore store) {
    this.store = store;
  }

  @Override
  public Future<Void> register(String name, URI baseUri, List<Served> models) {
    var served = new JsonArray();
    models.forEach(model ->
        served.add(new JsonObject().put("digest", model.digest()).put("model", model.model())));
    return store.transaction(
        null,
        connection ->
            connection
                .preparedQuery(REGISTER)
                .execute(
                    Tuple.of(name, baseUri.toString())
                        .addJsonArray(served)
                        .addOffsetDateTime(PgStore.timestamp(store.now())))
                .mapEmpty());
  }

  @Override
  public Future<Boolean> heartbeat(String name) {
    return store.transaction(
        null,
        connection ->
            connection
                .preparedQuery(HEARTBEAT)
                .execute(Tuple.of(name, PgStore.timestamp(store.now())))
                .map(rows -> rows.rowCount() > 0));
  }

  @Override
  public Future<Void> remove(String name) {
    return store.transaction(
        null, connection -> connection.preparedQuery(REMOVE).execute(Tuple.of(name)).mapEmpty());
  }

  @Override
  public Future<List<Runner>> list() {
    return store.list(null, LIST, PgRunnerDirectory::runner);
  }

  private static Runner runner(Row row) {
    var served = new ArrayList<Served>();
    for (var model : row.get(JsonArray.class, "served")) {
      if (model instanceof JsonObject json) {
        served.add(new Served(json.getString("digest"), json.getString("model")));
      }
    }
    return new Runner(
        row.getString("name"),
        URI.create(row.getString("base_uri")),
        served,
        row.getOffsetDateTime("heartbeat_at").toInstant());
  }
}
