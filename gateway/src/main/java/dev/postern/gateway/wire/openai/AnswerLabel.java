package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What makes a runner's answer ours: our id, the name that the client called, and nothing of what
 * runners tell the gateway alone.
 */
public record AnswerLabel(String id, String model, long created) {

  /** Labels an answer or a chunk that carries an id. */
  public void apply(ObjectNode answer) {
    answer.put("id", id).put("created", created);
    applyModel(answer);
  }

  /** Labels an answer that has no id, such as embeddings. */
  public void applyModel(ObjectNode answer) {
    answer.put("model", model);
    answer.remove("postern");
  }
}
