package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A validated {@code POST /v1/classify} body. */
public record ClassifyRequest(ObjectNode body, String model, List<String> inputs)
    implements InferenceRequest {

  /** Never: labels come at once. */
  @Override
  public boolean stream() {
    return false;
  }
}
