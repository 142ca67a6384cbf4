package dev.postern.runners.server;

import dev.postern.runners.engine.TokenConstraint;
import dev.postern.runners.grammar.AnswerShape;
import dev.postern.runners.grammar.AnswerShape.Thinking;
import dev.postern.runners.grammar.CallFormat;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.Tools;
import org.jspecify.annotations.Nullable;

/**
 * What the answers to one chat look like, going by the request and the model's family.
 *
 * @param shape what they are held to
 */
record ChatShape(AnswerShape shape) {

  /**
   * @param begun whether the prompt has begun the model's thoughts
   */
  static ChatShape of(LoadedModel.Generative model, ChatRequest request, boolean begun) {
    String template = model.generator().chatTemplate();
    Thinking thinking =
        begun ? Thinking.BEGUN : template.contains("<think>") ? Thinking.MAYBE : Thinking.NEVER;
    var tools = request.tools();
    var calls =
        tools.callable().isEmpty()
            ? null
            : new AnswerShape.Calls(
                CallFormat.of(template),
                tools.callable(),
                tools.mode() == Tools.Mode.REQUIRED,
                tools.parallel());
    return new ChatShape(new AnswerShape(thinking, request.responseFormat(), calls));
  }

  /** A constraint for one answer; null where it may be anything. */
  @Nullable TokenConstraint constraint(LoadedModel.Generative model) {
    return shape.constrains() ? model.grammars().constraint(shape) : null;
  }

  /** What tells one answer's parts apart; null where it has but one. */
  @Nullable AnswerParts parts() {
    var calls = shape.calls();
    if (shape.thinking() == Thinking.NEVER && calls == null) {
      return null;
    }
    return new AnswerParts(
        shape.thinking() != Thinking.NEVER,
        shape.thinking() == Thinking.BEGUN,
        calls == null ? null : calls.format());
  }
}
