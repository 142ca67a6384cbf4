package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A validated {@code POST /v1/embeddings} body. Exactly one of the input lists is not empty.
 *
 * @param base64 answer with little-endian float32 in base64 instead of an array of numbers
 * @param dimensions shorten to this many and renormalise; null keeps the model's own size
 */
public record EmbeddingRequest(
    ObjectNode body,
    String model,
    List<String> inputs,
    List<int[]> tokenInputs,
    boolean base64,
    @Nullable Integer dimensions)
    implements InferenceRequest {

  /** Never: vectors come at once. */
  @Override
  public boolean stream() {
    return false;
  }
}
