package dev.postern.tenancy.internal;

import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.TenantDb;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/** What every store is made of. */
public record Plumbing(
    Vertx vertx, TenantDb db, ChangeFeed feed, Ids ids, InstantSource clock, AuditLog audit) {

  /** This moment, to the microsecond that PostgreSQL keeps. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }
}
