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

  /** Whether the answer is held to a grammar, which takes a while to prepare. */
  default boolean constrained() {
    return false;
  }
}
