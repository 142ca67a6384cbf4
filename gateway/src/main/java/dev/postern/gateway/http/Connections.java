package dev.postern.gateway.http;

import dev.postern.gateway.GatewayConfig;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Ends connections that only cost: those whose first request head does not arrive in time, and
 * those that are idle for too long. While a request is being served its own limits apply instead. A
 * sweep each second costs less than two timers a request. Belongs to one event loop.
 */
final class Connections {
  private static final long SWEEP_MILLIS = 1_000;

  /** No deadline: a request is being served. */
  private static final long BUSY = Long.MAX_VALUE;

  private final Map<HttpConnection, Watch> watched = new IdentityHashMap<>();
  private final int max;
  private final long headNanos;
  private final long idleNanos;

  Connections(GatewayConfig config) {
    max = config.maxConnections();
    headNanos = config.headTimeout().toNanos();
    idleNanos = config.idleTimeout().toNanos();
  }

  void watch(Vertx vertx) {
    vertx.setPeriodic(SWEEP_MILLIS, tick -> sweep(System.nanoTime()));
  }

  void opened(HttpConnection connection) {
    if (watched.size() >= max) {
      connection.close();
      return;
    }
    watched.put(connection, new Watch(System.nanoTime(), headNanos));
    connection.closeHandler(closed -> watched.remove(connection));
  }

  void busy(HttpConnection connection) {
    set(connection, BUSY);
  }

  void idle(HttpConnection connection) {
    set(connection, idleNanos);
  }

  private void set(HttpConnection connection, long patience) {
    var watch = watched.get(connection);
    if (watch != null) {
      watch.since = System.nanoTime();
      watch.patience = patience;
    }
  }

  void sweep(long now) {
    // Closing changes the map.
    var overdue = new ArrayList<HttpConnection>();
    watched.forEach((connection, watch) -> {
      if (now - watch.since > watch.patience) {
        overdue.add(connection);
      }
    });
    overdue.forEach(HttpConnection::close);
  }

  private static final class Watch {
    private long since;
    private long patience;

    Watch(long since, long patience) {
      this.since = since;
      this.patience = patience;
    }
  }
}
