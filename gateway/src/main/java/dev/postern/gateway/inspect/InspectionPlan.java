package dev.postern.gateway.inspect;

import dev.postern.registry.GuardrailPolicy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/** A policy made ready to run: its detectors with what to do about their findings. */
record InspectionPlan(List<Check> checks) {

  /**
   * @param rank place in the order of precedence, 0 first
   * @param placeholder what replaces a redacted finding
   */
  record Check(Detector detector, GuardrailPolicy.Action action, int rank, String placeholder) {
    boolean enforced() {
      return action.compareTo(GuardrailPolicy.Action.REDACT) >= 0;
    }
  }

  static InspectionPlan of(DetectorCatalog catalog, GuardrailPolicy policy) {
    var placeholders = new HashMap<String, String>();
    for (var entry : catalog.entries()) {
      placeholders.put(entry.name(), "[" + entry.placeholder() + "]");
    }
    var checks = new ArrayList<Check>();
    for (var detector : catalog.detectors(policy.blockList())) {
      var action = policy.actionFor(detector.name());
      if (action != GuardrailPolicy.Action.OFF) {
        var placeholder = placeholders.getOrDefault(detector.name(), "[REDACTED]");
        checks.add(new Check(detector, action, checks.size(), placeholder));
      }
    }
    return new InspectionPlan(List.copyOf(checks));
  }

  boolean idle() {
    return checks.isEmpty();
  }
}
