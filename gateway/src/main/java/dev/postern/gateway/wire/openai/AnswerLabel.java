package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What makes a runner's answer ours: our id, the name that the client called, and nothing of what
 * runners tell the gateway alone.
 *
 * @param serviceTier that served the call; null leaves it out
 */
public record AnswerLabel(String id, String model, long created, @Nullable String serviceTier) {

  /** Labels an answer or a chunk that carries an id. */
  public void apply(ObjectNode answer) {
    answer.put("id", id).put("created", created);
    if (serviceTier != null) {
      answer.put("service_tier", serviceTier);
    }
    applyModel(answer);
  }

  /** Labels an answer that has no id, such as embeddings. */
  public void applyModel(ObjectNode answer) {
    answer.put("model", model);
    answer.remove("postern");
  }
}
