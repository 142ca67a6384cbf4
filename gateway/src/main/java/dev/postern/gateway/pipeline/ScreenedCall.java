package dev.postern.gateway.pipeline;

import dev.postern.gateway.inspect.Finding;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.RoutePlan;
import dev.postern.runners.wire.InferenceRequest;
import java.util.List;

/**
 * A call whose prompt may go to a model.
 *
 * @param texts the prompt's texts as the model may see them
 */
public record ScreenedCall(
    AdmittedCall admitted, GuardrailPolicy policy, List<String> texts, List<Finding> findings) {
  InferenceCall call() {
    return admitted.call();
  }

  InferenceRequest request() {
    return admitted.request();
  }

  RoutePlan plan() {
    return admitted.plan();
  }
}
