package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.UsageEvent;

/** What the ledger's queue and spool hold. */
sealed interface Entry {
  record Usage(UsageEvent event) implements Entry {}

  record Finding(SecurityEvent event) implements Entry {}
}
