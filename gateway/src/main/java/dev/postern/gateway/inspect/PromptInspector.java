package dev.postern.gateway.inspect;

import dev.postern.registry.GuardrailPolicy;
import java.util.List;

/** Checks the texts of a prompt. Runs on an event loop: no I/O, time linear in the text. */
public interface PromptInspector {

  /**
   * @param texts the prompt's texts in order: the messages of a chat, the prompts of a completion,
   *     the inputs of an embedding
   */
  PromptVerdict inspect(GuardrailPolicy policy, List<String> texts);
}
