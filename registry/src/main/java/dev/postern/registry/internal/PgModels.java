package dev.postern.registry.internal;

import dev.postern.registry.ModelVersion;
import dev.postern.registry.Models;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.Locale;

/** Model versions in PostgreSQL. */
public final class PgModels implements Models {
  /** What {@link #version} reads. */
  static final String VERSION_COLUMNS =
      "v.digest, v.name AS version_name, v.role, v.context_length, v.embedding_length,"
          + " v.created_at AS version_created_at";

  private static final String INSERT =
      """
      INSERT INTO model_versions (digest, name, role, context_length, embedding_length, folder,
        manifest, created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
      ON CONFLICT (digest) DO NOTHING
      """;

  private static final String SELECT =
      "SELECT " + VERSION_COLUMNS + ", v.folder, v.manifest FROM model_versions v ";

  private static final String GET = SELECT + "WHERE v.digest = $1";

  /** Versions come one by one from operators: there are never more than a page can hold. */
  private static final String LIST = SELECT + "ORDER BY v.created_at DESC, v.digest LIMIT 1000";

  private final PgStore store;

  PgModels(PgStore store) {
    this.store = store;
  }

  @Override
  public Future<Stored> register(Stored stored) {
    var version = stored.version();
    return store.transaction(
        null,
        connection ->
            connection
                .preparedQuery(INSERT)
                .execute(
                    Tuple.of(
                            version.digest(),
                            version.name(),
                            version.role().name().toLowerCase(Locale.ROOT))
                        .addInteger(version.contextLength())
                        .addInteger(version.embeddingLength())
                        .addString(stored.folder())
                        .addJsonObject(stored.manifest())
                        .addOffsetDateTime(PgStore.timestamp(version.createdAt())))
                .compose(done -> find(connection, version.digest())));
  }

  @Override
  public Future<List<Stored>> list() {
    return store.list(null, LIST, PgModels::stored);
  }

  @Override
  public Future<Stored> get(String digest) {
    return store.transaction(null, connection -> find(connection, digest));
  }

  private static Future<Stored> find(SqlConnection connection, String digest) {
    return connection
        .preparedQuery(GET)
        .execute(Tuple.of(digest))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new RegistryException(new RegistryFailure.ModelNotFound(digest));
          }
          return stored(rows.iterator().next());
        });
  }

  static ModelVersion version(Row row) {
    return new ModelVersion(
        row.getString("digest"),
        row.getString("version_name"),
        ModelVersion.Role.valueOf(row.getString("role").toUpperCase(Locale.ROOT)),
        row.getInteger("context_length"),
        row.getInteger("embedding_length"),
        row.getOffsetDateTime("version_created_at").toInstant());
  }

  private static Stored stored(Row row) {
    return new Stored(version(row), row.getString("folder"), row.get(JsonObject.class, "manifest"));
  }
}
