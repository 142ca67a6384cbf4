package dev.postern.gateway.pipeline;

import dev.postern.gateway.inspect.Finding;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Ledger;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Puts the call on record and gives back what it reserved and did not use. The answer's end waits
 * for it; when the record cannot be made durable anywhere, the call fails instead of going
 * unbilled.
 */
public final class Settle {
  private final Ledger ledger;
  private final SecurityEvents securityEvents;
  private final InstantSource clock;
  private final Ids ids;

  public Settle(Ledger ledger, SecurityEvents securityEvents, InstantSource clock, Ids ids) {
    this.ledger = ledger;
    this.securityEvents = securityEvents;
    this.clock = clock;
    this.ids = ids;
  }

  /** The ending that may now be sent. */
  public Future<Ending> record(Answer answer, UsageEvent usage) {
    answer.admitted().call().client().metered(usage);
    var findings = new ArrayList<SecurityEvent>();
    collect(findings, answer.promptFindings(), "prompt", usage);
    collect(findings, answer.outputFindings(), "output", usage);
    var settled = Future.<Void>succeededFuture();
    if (!findings.isEmpty()) {
      settled = securityEvents.append(findings);
    }
    var recorded = Future.join(settled, ledger.settle(answer.admitted().reservation(), usage));
    return EventLoops.here(recorded).map(answer.ending());
  }

  private void collect(
      List<SecurityEvent> events, List<Finding> findings, String stage, UsageEvent usage) {
    for (var finding : findings) {
      events.add(
          new SecurityEvent(
              ids.next(),
              usage.tenant(),
              usage.project(),
              usage.id(),
              usage.subjectKind(),
              usage.subjectId(),
              clock.instant(),
              finding.detector(),
              finding.action().name().toLowerCase(Locale.ROOT),
              stage,
              finding.count()));
    }
  }
}
