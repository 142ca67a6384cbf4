package dev.postern.tenancy;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;

/**
 * News of what other gateways changed, by PostgreSQL's LISTEN and NOTIFY. While the connection is
 * down news is lost, so whoever caches must also listen for gaps, and must not trust what it cached
 * for longer than {@link #confirmedWithin} says.
 */
public interface ChangeFeed {

  /**
   * Adds a listener for one topic. Called on one event loop, never at the same time.
   *
   * @param topic lower-case letters and underscores, such as {@code keys}
   * @param onChange receives what was published
   * @param onGap news may have been lost: everything cached is in doubt
   */
  void subscribe(String topic, Handler<String> onChange, Runnable onGap);

  /** Whether all news up to this long ago is known to have arrived. Reads memory only. */
  boolean confirmedWithin(Duration age);

  /** Publishes when the connection's transaction commits. At most a few a second: commits queue. */
  static Future<Void> publish(SqlConnection connection, String topic, String payload) {
    return connection
        .preparedQuery("SELECT pg_notify('postern', $1)")
        .execute(Tuple.of(topic + ":" + payload))
        .mapEmpty();
  }
}
