package dev.postern.tenancy;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The ledger as a stream of rows, with bounded memory whatever its size. */
public interface Exports {

  /**
   * Hands over the entries of a period in the order of time, a batch after the other. Entries that
   * are recorded after the call began are left out.
   *
   * @param project null for the whole organisation
   * @param end exclusive
   * @param sink takes a batch; the next is read when its future completes, and none when it fails
   * @return how many entries were handed over
   */
  Future<Long> usage(
      TenantId tenant,
      @Nullable ProjectId project,
      Instant start,
      Instant end,
      Function<List<Requests.Entry>, Future<Void>> sink);
}
