package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A validated {@code POST /v1/rerank} body.
 *
 * @param topN most results, at least 1
 * @param returnDocuments whether results carry their texts
 * @param maxTokensPerDocument where a document is cut, if the model does not cut it before
 */
public record RerankRequest(
    ObjectNode body,
    String model,
    String query,
    List<String> documents,
    int topN,
    boolean returnDocuments,
    int maxTokensPerDocument)
    implements InferenceRequest {

  /** Never: an order is known only at the end. */
  @Override
  public boolean stream() {
    return false;
  }
}
