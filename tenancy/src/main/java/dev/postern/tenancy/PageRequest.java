package dev.postern.tenancy;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which part of a list: the items that follow {@code after}.
 *
 * @param after the id of the last item of the page before; null for the first page
 * @param limit 1 to 100
 */
public record PageRequest(@Nullable UUID after, int limit) {
  public static final int MAX_LIMIT = 100;
  public static final PageRequest FIRST = new PageRequest(null, 20);

  public PageRequest {
    if (limit < 1 || limit > MAX_LIMIT) {
      throw new TenancyException(
          new TenancyFailure.Invalid("limit", "limit must be from 1 to " + MAX_LIMIT));
    }
  }
}
