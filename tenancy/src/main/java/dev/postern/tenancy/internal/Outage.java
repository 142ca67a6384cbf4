package dev.postern.tenancy.internal;

import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeoutException;

/** Tells an absent PostgreSQL from a fault of ours. */
public final class Outage {
  private static final String QUERY_CANCELED = "57014";

  private Outage() {}

  /** The failure to show for what went wrong: what is no outage stays as it is. */
  public static Throwable translate(Throwable cause) {
    return isOutage(cause) ? new TenancyException(new TenancyFailure.StoreUnavailable()) : cause;
  }

  private static boolean isOutage(Throwable cause) {
    if (cause instanceof PgException failure) {
      var state = failure.getSqlState();
      // 08: connection, 53: out of resources, 57P: shutting down or starting up.
      return state != null
          && (state.startsWith("08")
              || state.startsWith("53")
              || state.startsWith("57P")
              || state.equals(QUERY_CANCELED));
    }
    return cause instanceof IOException
        || cause instanceof TimeoutException
        || cause instanceof ClosedConnectionException
        || cause instanceof ConnectionPoolTooBusyException
        || isLostConnection(cause);
  }

  /**
   * The pool and the client have no type of their own for this, and use the same for our faults.
   */
  private static boolean isLostConnection(Throwable cause) {
    var message = cause.getMessage();
    return cause.getClass() == VertxException.class
        && message != null
        && message.toLowerCase(Locale.ROOT).contains("connection");
  }
}
