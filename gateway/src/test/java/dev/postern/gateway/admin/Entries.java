package dev.postern.gateway.admin;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.UsageEvent;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.UUID;

/** Ledger entries for tests. */
final class Entries {
  static final Instant STARTED = Instant.parse("2026-11-20T10:00:00Z");

  private Entries() {}

  static UsageEvent event(AdminBed.Tenant tenant, Principal.Kind kind, UUID subject, String model) {
    var stages = new LinkedHashMap<String, Long>();
    stages.put("authenticate", 12L);
    stages.put("generate", 40_000L);
    return new UsageEvent(
        UUID.randomUUID(),
        tenant.id(),
        tenant.project(),
        kind,
        subject,
        UsageEvent.Endpoint.CHAT_COMPLETIONS,
        model,
        "sha256:abc",
        10,
        4,
        7,
        UsageEvent.Outcome.COMPLETED,
        200,
        null,
        true,
        STARTED,
        12_500,
        45_000,
        30_000,
        stages,
        "redact");
  }

  static Requests.Entry entry(UsageEvent event) {
    return new Requests.Entry(1, event, "=evil,\"name\"", new BigDecimal("0.00000300"));
  }

  static SecurityEvent finding(UsageEvent event) {
    return new SecurityEvent(
        UUID.randomUUID(),
        event.tenant(),
        event.project(),
        event.id(),
        event.subjectKind(),
        event.subjectId(),
        STARTED,
        "pii.email",
        "redact",
        "prompt",
        2);
  }
}
