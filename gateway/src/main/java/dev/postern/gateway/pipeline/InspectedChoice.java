package dev.postern.gateway.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.inspect.OutputInspector.TextStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One choice of a stream between the runner and the client. Log probabilities name the model's own
 * tokens, so they leave only together with the text they belong to, and once a text was changed, no
 * more.
 */
final class InspectedChoice {
  private final @Nullable TextStream inspection;
  private final StringBuilder held = new StringBuilder();
  private final Deque<HeldLogprobs> heldLogprobs = new ArrayDeque<>();
  private long received;
  private long released;
  private boolean rewritten;
  private boolean over;

  private record HeldLogprobs(long textEnd, JsonNode logprobs) {}

  /** What may be sent now. */
  record Passed(String text, JsonNode logprobs) {}

  /**
   * @param inspection null when the policy asks nothing of answers
   */
  InspectedChoice(@Nullable TextStream inspection) {
    this.inspection = inspection;
  }

  Passed accept(String delta, JsonNode logprobs) {
    if (inspection == null) {
      return new Passed(delta, logprobs);
    }
    held.append(delta);
    received += delta.length();
    if (!logprobs.isMissingNode() && !logprobs.isNull()) {
      heldLogprobs.add(new HeldLogprobs(received, logprobs));
    }
    return pass(inspection.accept(delta));
  }

  Passed finish() {
    return inspection == null ? new Passed("", NullNode.getInstance()) : pass(inspection.finish());
  }

  private Passed pass(String text) {
    rewritten |= text.length() > held.length() || held.indexOf(text) != 0;
    if (rewritten) {
      return new Passed(text, NullNode.getInstance());
    }
    held.delete(0, text.length());
    released += text.length();
    JsonNode due = NullNode.getInstance();
    while (!heldLogprobs.isEmpty() && heldLogprobs.element().textEnd() <= released) {
      due = join(due, heldLogprobs.remove().logprobs());
    }
    return new Passed(text, due);
  }

  /** Both API shapes hold parallel lists, one entry a token. */
  private static JsonNode join(JsonNode first, JsonNode second) {
    if (!(first instanceof ObjectNode into) || !(second instanceof ObjectNode from)) {
      return second;
    }
    from.properties()
        .forEach(field -> {
          if (into.get(field.getKey()) instanceof ArrayNode list
              && field.getValue() instanceof ArrayNode more) {
            list.addAll(more);
          }
        });
    return into;
  }

  boolean blocked() {
    return inspection != null && inspection.blocked();
  }

  List<Finding> findings() {
    return inspection == null ? List.of() : inspection.findings();
  }

  boolean over() {
    return over;
  }

  void end() {
    over = true;
  }
}
