package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** What all inference bodies have in common. */
public sealed interface InferenceRequest
    permits ChatRequest,
        CompletionRequest,
        EmbeddingRequest,
        RerankRequest,
        ClassifyRequest,
        ExplainRequest {
  ObjectNode body();

  String model();

  /** Whether the answer is wanted as a stream of events. */
  boolean stream();
}
