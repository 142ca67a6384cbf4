package dev.postern.registry;

import java.time.Instant;

/**
 * Immutable weights with all that is needed to serve them.
 *
 * @param digest {@code sha256:…} of the imported manifest
 * @param name human name, such as {@code smollm2-135m-instruct}
 * @param contextLength the most tokens of prompt and completion together
 * @param embeddingLength size of a vector for {@link Role#EMBEDDING}, of the hidden state otherwise
 */
public record ModelVersion(
    String digest,
    String name,
    Role role,
    int contextLength,
    int embeddingLength,
    Instant createdAt) {

  /** What a model does. */
  public enum Role {
    CHAT,
    EMBEDDING,
    CLASSIFIER,
    RERANKER
  }
}
