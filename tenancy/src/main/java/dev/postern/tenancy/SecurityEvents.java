package dev.postern.tenancy;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What guardrails found and did, one record a finding. Never holds the text itself. */
public interface SecurityEvents {

  /**
   * Records findings together with the usage events: an event handed over before its call's {@link
   * Ledger#settle} is durable no later than that.
   */
  Future<Void> append(List<SecurityEvent> events);

  /**
   * Newest first.
   *
   * @param project null for the whole organisation
   * @param after the id of the last event of the page before; null for the first page
   * @param limit 1 to 100
   */
  Future<Page<SecurityEvent>> list(
      TenantId tenant,
      @Nullable ProjectId project,
      @Nullable Instant start,
      @Nullable Instant end,
      @Nullable UUID after,
      int limit);

  /**
   * A finding.
   *
   * @param id UUID version 7
   * @param requestId the id of the call's usage event
   * @param subjectId the API key's id, or the user's for calls from the console
   * @param detector such as {@code pii.email}
   * @param action flag, redact or block
   * @param stage prompt or output
   * @param count how many times it was found in the call
   */
  record SecurityEvent(
      UUID id,
      TenantId tenant,
      ProjectId project,
      UUID requestId,
      Principal.Kind subjectKind,
      UUID subjectId,
      Instant createdAt,
      String detector,
      String action,
      String stage,
      long count) {}
}
