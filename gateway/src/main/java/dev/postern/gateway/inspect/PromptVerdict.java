package dev.postern.gateway.inspect;

import java.util.List;

/** What the prompt policy decided. Findings with {@code FLAG} alone leave a prompt allowed. */
public sealed interface PromptVerdict {
  List<Finding> findings();

  /** The texts go to the model as they are. */
  record Allowed(List<Finding> findings) implements PromptVerdict {
    public Allowed {
      findings = List.copyOf(findings);
    }
  }

  /**
   * Redacted texts go to the model instead.
   *
   * @param texts as many as were inspected, in the same order
   */
  record Rewritten(List<String> texts, List<Finding> findings) implements PromptVerdict {
    public Rewritten {
      texts = List.copyOf(texts);
      findings = List.copyOf(findings);
    }
  }

  /** Nothing goes to the model. */
  record Blocked(List<Finding> findings) implements PromptVerdict {
    public Blocked {
      findings = List.copyOf(findings);
    }
  }
}
