package dev.postern.tenancy.internal;

import dev.postern.tenancy.ChangeFeed;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgNotification;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One LISTEN connection of its own, so a busy pool cannot delay the news. It is pinged all the
 * time: PostgreSQL delivers pending news before the answer to a later query, so an answered ping
 * proves that all news up to the moment it was sent has arrived.
 */
public final class PgChangeFeed implements ChangeFeed {
  private static final Logger LOG = LoggerFactory.getLogger(PgChangeFeed.class);
  private static final String CHANNEL = "postern";
  private static final long PING_MILLIS = 250;
  private static final long SILENT_NANOS = Duration.ofSeconds(2).toNanos();
  private static final long RECONNECT_MILLIS = 250;

  private record Subscription(String prefix, Handler<String> onChange, Runnable onGap) {}

  private final Vertx vertx;
  private final Context context;
  private final PgConnectOptions options;
  private final LongSupplier nanos;
  private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

  /** When the last answered ping was sent; meaningless while not {@link #confirmed}. */
  private volatile long confirmedAt;

  private volatile boolean confirmed;

  // All below is touched on the context's event loop only.
  private @Nullable PgConnection connection;
  private boolean pinging;
  private long pingSentAt;
  private boolean closed;
  private long timer = -1;

  public PgChangeFeed(Vertx vertx, PgConnectOptions options, LongSupplier nanos) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.options = options;
    this.nanos = nanos;
  }

  /** Connects; completes with the first connection and fails when there is none. */
  public Future<Void> start() {
    return onContext(() -> connect().onSuccess(listening -> tickLater(PING_MILLIS)));
  }

  @Override
  public void subscribe(String topic, Handler<String> onChange, Runnable onGap) {
    subscriptions.add(new Subscription(topic + ":", onChange, onGap));
  }

  @Override
  public boolean confirmedWithin(Duration age) {
    return confirmed && nanos.getAsLong() - confirmedAt <= age.toNanos();
  }

  public Future<Void> close() {
    return onContext(() -> {
      closed = true;
      confirmed = false;
      if (timer >= 0) {
        vertx.cancelTimer(timer);
      }
      return connection == null ? Future.succeededFuture() : connection.close();
    });
  }

  private Future<Void> onContext(Supplier<Future<Void>> work) {
    var done = Promise.<Void>promise();
    context.runOnContext(start -> work.get().onComplete(done));
    return done.future();
  }

  private Future<Void> connect() {
    return PgConnection.connect(vertx, options)
        .compose(opened -> {
          opened.notificationHandler(this::deliver);
          opened.closeHandler(end -> lost(opened));
          return opened
              .query("LISTEN " + CHANNEL)
              .execute()
              .compose(
                  listening -> {
                    if (closed) {
                      return opened.close();
                    }
                    connection = opened;
                    subscriptions.forEach(subscription -> subscription.onGap().run());
                    return Future.succeededFuture();
                  },
                  refused -> opened.close().transform(end -> Future.failedFuture(refused)));
        });
  }

  private void lost(PgConnection ended) {
    if (connection == ended) {
      connection = null;
      confirmed = false;
      pinging = false;
      if (!closed) {
        LOG.warn("lost the connection that brings changes; connecting again");
      }
    }
  }

  private void tickLater(long millis) {
    if (!closed) {
      timer = vertx.setTimer(millis, due -> tick());
    }
  }

  private void tick() {
    var current = connection;
    if (current == null) {
      connect()
          .onFailure(cause -> LOG.debug("no connection for changes yet: {}", cause.toString()))
          .onComplete(tried -> tickLater(RECONNECT_MILLIS));
      return;
    }
    if (!pinging) {
      ping(current);
    } else if (nanos.getAsLong() - pingSentAt > SILENT_NANOS) {
      // A peer that vanished without a word: TCP would take minutes to notice.
      lost(current);
      current.close();
    }
    tickLater(PING_MILLIS);
  }

  private void ping(PgConnection current) {
    var sentAt = nanos.getAsLong();
    pingSentAt = sentAt;
    pinging = true;
    current
        .query("SELECT 1")
        .execute()
        .onComplete(answer -> {
          if (connection != current) {
            return;
          }
          pinging = false;
          if (answer.succeeded()) {
            confirmedAt = sentAt;
            confirmed = true;
          }
        });
  }

  private void deliver(PgNotification notification) {
    var message = notification.getPayload();
    for (var subscription : subscriptions) {
      if (message.startsWith(subscription.prefix())) {
        subscription.onChange().handle(message.substring(subscription.prefix().length()));
      }
    }
  }
}
