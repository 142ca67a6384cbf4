package dev.postern.gateway.inspect;

import dev.postern.registry.GuardrailPolicy;
import java.util.List;

/** Checks answers while they are generated. Runs on an event loop: no I/O. */
public interface OutputInspector {

  /** False when the policy asks nothing of answers, so that they can pass without work. */
  boolean active(GuardrailPolicy policy);

  /** Starts the inspection of one choice of an answer. */
  TextStream open(GuardrailPolicy policy);

  /**
   * One choice's text on its way to the client. Holds back only what can still become a finding, so
   * that no split of the text into deltas leaks a part of one. Not thread-safe.
   */
  interface TextStream {
    /**
     * Takes the next piece of the model's text.
     *
     * @return the text that may be sent now, perhaps empty
     */
    String accept(String delta);

    /**
     * The answer is complete.
     *
     * @return the rest of the text
     */
    String finish();

    /** True once the policy has ended this answer; later deltas are ignored. */
    boolean blocked();

    /** So far, one entry for each detector. */
    List<Finding> findings();
  }
}
