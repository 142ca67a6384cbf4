package dev.postern.tenancy.internal;

import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import java.io.IOException;
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
    // The pool and the client fail with bare VertxExceptions when a connection closes or none is
    // free in time.
    return cause instanceof IOException
        || cause instanceof VertxException
        || cause instanceof TimeoutException;
  }
}
