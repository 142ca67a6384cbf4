package dev.postern.gateway.inspect;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Inspects prompts and answers with the detectors of a catalog, as the project's policy says. */
public final class PolicyInspector implements PromptInspector, OutputInspector {
  /** By identity: a policy stays the same object until it is changed. */
  private final LoadingCache<GuardrailPolicy, InspectionPlan> plans;

  public PolicyInspector(DetectorCatalog catalog) {
    plans = Caffeine.newBuilder().weakKeys().build(policy -> InspectionPlan.of(catalog, policy));
  }

  @Override
  public PromptVerdict inspect(GuardrailPolicy policy, List<String> texts) {
    var plan = plans.get(policy);
    if (plan.idle()) {
      return new PromptVerdict.Allowed(List.of());
    }
    var rewritten = new ArrayList<String>(texts.size());
    var findings = new LinkedHashMap<String, Finding>();
    boolean blocked = false;
    for (String text : texts) {
      var result = RedactingStream.inspect(plan, text);
      rewritten.add(result.text());
      blocked |= result.blocked();
      result.findings().forEach(finding -> add(findings, finding));
    }
    var found = List.copyOf(findings.values());
    if (blocked) {
      return new PromptVerdict.Blocked(found);
    }
    return found.stream().anyMatch(finding -> finding.action() == Action.REDACT)
        ? new PromptVerdict.Rewritten(rewritten, found)
        : new PromptVerdict.Allowed(found);
  }

  @Override
  public boolean active(GuardrailPolicy policy) {
    return !plans.get(policy).idle();
  }

  @Override
  public TextStream open(GuardrailPolicy policy) {
    return new RedactingStream(plans.get(policy));
  }

  private static void add(Map<String, Finding> findings, Finding finding) {
    findings.merge(
        finding.detector(),
        finding,
        (one, other) -> new Finding(one.detector(), one.action(), one.count() + other.count()));
  }
}
