package dev.postern.gateway.pipeline;

import dev.postern.registry.RoutePlan;
import dev.postern.runners.wire.InferenceRequest;

/** A call that names a model which can serve it. */
public record RoutedCall(ParsedCall parsed, RoutePlan plan) {
  InferenceCall call() {
    return parsed.call();
  }

  Caller caller() {
    return parsed.caller();
  }

  InferenceRequest request() {
    return parsed.request();
  }
}
