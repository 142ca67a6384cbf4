package dev.postern.gateway.pipeline;

import dev.postern.registry.RoutePlan;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.tenancy.Quotas;

/** A call that holds a share of its caller's limits: from here on it ends with a usage event. */
public record AdmittedCall(
    RoutedCall routed, Quotas.Demand demand, Quotas.Reservation reservation) {
  InferenceCall call() {
    return routed.call();
  }

  Caller caller() {
    return routed.caller();
  }

  InferenceRequest request() {
    return routed.request();
  }

  RoutePlan plan() {
    return routed.plan();
  }
}
