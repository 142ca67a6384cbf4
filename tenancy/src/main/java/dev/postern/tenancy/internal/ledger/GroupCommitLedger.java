package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.Ledger;
import dev.postern.tenancy.Quotas.Reservation;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.internal.quota.LeasedQuotas;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records at once when nothing is under way, and otherwise gathers what comes until that is done:
 * batches grow with the load and an idle ledger adds no delay.
 *
 * <p>When PostgreSQL does not answer, entries go to the spool, and all later ones behind them until
 * PostgreSQL has taken everything in order. Entries are known by their ids, so what was recorded
 * though the answer got lost is not recorded again.
 */
public final class GroupCommitLedger implements Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(GroupCommitLedger.class);
  private static final int MAX_BATCH = 512;

  /** Larger than a batch, so that draining gains on what comes in meanwhile. */
  private static final int DRAIN_BATCH = 2048;

  /** Never met while the disk works: a full queue means that nothing was written for seconds. */
  private static final int MAX_QUEUE = 65_536;

  private static final long RETRY_MILLIS = 500;

  private record Item(
      Entry entry,
      @Nullable Reservation reservation,
      Promise<Void> promise,
      @Nullable Context context) {}

  private final Vertx vertx;
  private final LedgerStore store;
  private final Spool spool;
  private final LeasedQuotas quotas;
  private final ArrayDeque<Item> queue = new ArrayDeque<>();
  private final Promise<Void> closed = Promise.promise();
  private boolean busy;
  private boolean closing;
  private boolean retryDue;
  private boolean retryScheduled;

  // Below: touched by the one flush that is under way.
  private boolean spooling;
  private long drained;

  GroupCommitLedger(Vertx vertx, LedgerStore store, Spool spool, LeasedQuotas quotas) {
    this.vertx = vertx;
    this.store = store;
    this.spool = spool;
    this.quotas = quotas;
    this.spooling = !spool.isEmpty();
    this.retryDue = spooling;
  }

  /** Begins to record what an earlier run left in the spool. */
  void start() {
    if (spooling) {
      LOG.info("Recording usage that an earlier run left in the spool");
    }
    kick();
  }

  @Override
  public Future<Void> settle(Reservation reservation, UsageEvent event) {
    quotas.release(reservation, event.promptTokens() + event.completionTokens());
    return enqueue(List.of(new Entry.Usage(event)), reservation);
  }

  /** Records findings; those of a call that settles later are durable no later than its event. */
  Future<Void> append(List<SecurityEvent> events) {
    return events.isEmpty()
        ? Future.succeededFuture()
        : enqueue(events.stream().<Entry>map(Entry.Finding::new).toList(), null);
  }

  private Future<Void> enqueue(List<Entry> entries, @Nullable Reservation reservation) {
    Promise<Void> promise = Promise.promise();
    Context context = Vertx.currentContext();
    synchronized (queue) {
      if (closing || queue.size() + entries.size() > MAX_QUEUE) {
        return Future.failedFuture(new TenancyException(new TenancyFailure.StoreUnavailable()));
      }
      // In order, so the last one's end is the end of all.
      for (Entry entry : entries.subList(0, entries.size() - 1)) {
        queue.addLast(new Item(entry, null, Promise.promise(), null));
      }
      queue.addLast(new Item(entries.getLast(), reservation, promise, context));
    }
    kick();
    return promise.future();
  }

  /** Flushes when no flush is under way and there is something to do. */
  private void kick() {
    List<Item> batch = new ArrayList<>();
    boolean end;
    boolean retry;
    synchronized (queue) {
      if (busy) {
        return;
      }
      while (batch.size() < MAX_BATCH && !queue.isEmpty()) {
        batch.add(queue.removeFirst());
      }
      end = closing && batch.isEmpty();
      retry = retryDue;
      busy = end || retry || !batch.isEmpty();
      if (!busy) {
        return;
      }
    }
    if (end) {
      closed.tryComplete();
      return;
    }
    if (retry && !spooling) {
      setRetryDue(false);
    }
    Future<Void> flush = spooling ? spoolAndDrain(batch, retry) : record(batch);
    flush.onComplete((done, failure) -> {
      if (failure != null) {
        LOG.error("A flush of the ledger failed", failure);
      }
      synchronized (queue) {
        busy = false;
      }
      kick();
    });
  }

  private Future<Void> record(List<Item> batch) {
    if (batch.isEmpty()) {
      return Future.succeededFuture();
    }
    return store
        .append(batch.stream().map(Item::entry).toList())
        .transform((charges, failure) -> {
          if (failure == null) {
            quotas.committed(reservations(batch), charges);
            complete(batch);
            return Future.succeededFuture();
          }
          if (store.isRefusal(failure)) {
            return oneByOne(batch, failure);
          }
          LOG.warn("PostgreSQL takes no usage events, spooling: {}", failure.toString());
          return spool(batch);
        });
  }

  /** Finds the entry that PostgreSQL refuses, so that the others do not suffer from it. */
  private Future<Void> oneByOne(List<Item> batch, Throwable failure) {
    if (batch.size() == 1) {
      Item item = batch.getFirst();
      return vertx
          .executeBlocking(() -> {
            reject(item.entry(), failure);
            return null;
          })
          .transform((done, unwritten) -> {
            quotas.committed(reservations(batch), List.of());
            finish(batch, unwritten);
            return Future.succeededFuture();
          });
    }
    int half = batch.size() / 2;
    return record(batch.subList(0, half))
        .compose(done ->
            spooling
                ? spool(batch.subList(half, batch.size()))
                : record(batch.subList(half, batch.size())));
  }

  private void reject(Entry entry, Throwable failure) throws IOException {
    LOG.error("PostgreSQL refuses an entry of the ledger; it is kept beside the spool", failure);
    spool.reject(EntryCodec.encode(entry));
  }

  private Future<Void> spool(List<Item> batch) {
    spooling = true;
    return vertx
        .executeBlocking(() -> {
          List<byte[]> payloads = new ArrayList<>(batch.size());
          for (Item item : batch) {
            payloads.add(EntryCodec.encode(item.entry()));
          }
          spool.append(payloads);
          return null;
        })
        .transform((done, failure) -> {
          if (failure != null) {
            LOG.error("The spool takes no usage events either", failure);
          }
          quotas.spooled(reservations(batch));
          finish(batch, failure);
          retryLater();
          return Future.succeededFuture();
        });
  }

  private Future<Void> spoolAndDrain(List<Item> batch, boolean retry) {
    Future<Void> spooled = batch.isEmpty() ? Future.succeededFuture() : spool(batch);
    if (!retry) {
      return spooled;
    }
    return spooled
        .compose(done -> vertx.executeBlocking(() -> spool.read(drained, DRAIN_BATCH)))
        .compose(this::drain)
        .recover(failure -> {
          LOG.warn("The spool is not drained yet: {}", failure.toString());
          setRetryDue(false);
          retryLater();
          return Future.succeededFuture();
        });
  }

  private Future<Void> drain(Spool.Part part) {
    List<Entry> entries = new ArrayList<>(part.payloads().size());
    try {
      for (byte[] payload : part.payloads()) {
        entries.add(EntryCodec.decode(payload));
      }
    } catch (IOException e) {
      return Future.failedFuture(e);
    }
    return drainEntries(entries)
        .compose(done -> {
          drained = part.next();
          return drained < spool.end() ? Future.succeededFuture() : endOfSpool();
        });
  }

  private Future<Void> drainEntries(List<Entry> entries) {
    return store
        .append(entries)
        .transform((charges, failure) -> {
          if (failure == null) {
            quotas.committed(List.of(), charges);
            return Future.succeededFuture();
          }
          if (!store.isRefusal(failure)) {
            return Future.failedFuture(failure);
          }
          if (entries.size() > 1) {
            int half = entries.size() / 2;
            return drainEntries(entries.subList(0, half))
                .compose(done -> drainEntries(entries.subList(half, entries.size())));
          }
          return vertx.executeBlocking(() -> {
            reject(entries.getFirst(), failure);
            return null;
          });
        });
  }

  private Future<Void> endOfSpool() {
    return vertx
        .<Void>executeBlocking(() -> {
          spool.clear();
          return null;
        })
        .onSuccess(done -> {
          LOG.info("The spool is drained; usage goes to PostgreSQL again");
          drained = 0;
          spooling = false;
          setRetryDue(false);
          quotas.drained();
        });
  }

  private void setRetryDue(boolean due) {
    synchronized (queue) {
      retryDue = due;
    }
  }

  private void retryLater() {
    synchronized (queue) {
      if (retryScheduled || closing) {
        return;
      }
      retryScheduled = true;
    }
    vertx.setTimer(
        RETRY_MILLIS,
        due -> {
          synchronized (queue) {
            retryScheduled = false;
            retryDue = !closing;
          }
          kick();
        });
  }

  private static List<Reservation> reservations(List<Item> batch) {
    List<Reservation> reservations = new ArrayList<>(batch.size());
    for (Item item : batch) {
      if (item.reservation() != null) {
        reservations.add(item.reservation());
      }
    }
    return reservations;
  }

  private static void complete(List<Item> batch) {
    finish(batch, null);
  }

  private static void finish(List<Item> batch, @Nullable Throwable failure) {
    for (Item item : batch) {
      Runnable end =
          failure == null
              ? item.promise()::complete
              : () ->
                  item.promise().fail(new TenancyException(new TenancyFailure.StoreUnavailable()));
      if (item.context() == null) {
        end.run();
      } else {
        item.context().runOnContext(ignored -> end.run());
      }
    }
  }

  /** Takes nothing more and completes when all that was taken is durable. */
  Future<Void> close() {
    synchronized (queue) {
      closing = true;
    }
    kick();
    return closed
        .future()
        .compose(done ->
            vertx.executeBlocking(() -> {
              spool.close();
              return null;
            }));
  }
}
