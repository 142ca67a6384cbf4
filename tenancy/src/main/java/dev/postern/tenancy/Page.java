package dev.postern.tenancy;

import java.util.List;

/** A keyset page: its items in order, and whether more follow the last. */
public record Page<T>(List<T> data, boolean hasMore) {
  public Page {
    data = List.copyOf(data);
  }
}
