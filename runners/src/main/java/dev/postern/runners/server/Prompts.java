package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.Sampling;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** From validated requests to token ids that fit the model. Costs processor time. */
final class Prompts {
  private Prompts() {}

  /**
   * @param maxTokens room for the answer, within what was asked for
   * @param thinking whether it ends within the block of the answer's thoughts
   */
  record Prompt(int[] ids, int maxTokens, boolean thinking) {}

  static Prompt chat(LoadedModel.Generative model, ChatRequest request) {
    checkBias(model, request.sampling());
    long characters = 0;
    for (var message : request.messages()) {
      characters += message.content().length();
    }
    for (var function : request.tools().callable()) {
      characters += function.definition().toString().length();
    }
    requirePlausible(model, characters, "messages");
    var conversation = ChatTurns.of(request, model.generator().chatTemplate());
    var encoded = ChatPrompt.encode(model, conversation);
    int wanted =
        request.maxCompletionTokens() == null ? Integer.MAX_VALUE : request.maxCompletionTokens();
    var prompt = fit(model.generator(), encoded.ids(), wanted, "messages");
    return new Prompt(prompt.ids(), prompt.maxTokens(), encoded.thinking());
  }

  static List<Prompt> completion(LoadedModel.Generative model, CompletionRequest request) {
    checkBias(model, request.sampling());
    var prompts = new ArrayList<Prompt>();
    var generator = model.generator();
    for (var text : request.prompts()) {
      requirePlausible(model, text.length(), "prompt");
      prompts.add(
          fit(generator, generator.tokenizer().encode(text, true), request.maxTokens(), "prompt"));
    }
    for (var ids : request.tokenPrompts()) {
      requireKnown(model, ids);
      prompts.add(fit(generator, ids, request.maxTokens(), "prompt"));
    }
    return prompts;
  }

  /** The text that {@code echo} repeats. */
  static String text(LoadedModel.Generative model, int[] ids) {
    var bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(ScoredToken.shown(id, model.generator().tokenizer()));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static Prompt fit(Generator generator, int[] ids, int wanted, String param) {
    if (ids.length == 0) {
      throw new BadRequest(
          "'%s' has no tokens; send some text.".formatted(param), param, "invalid_value");
    }
    int room = generator.contextLength() - ids.length;
    if (room < 0 || (room == 0 && wanted > 0)) {
      throw tooLong(Integer.toString(ids.length), generator.contextLength(), param);
    }
    return new Prompt(ids, Math.min(wanted, room), false);
  }

  /** Spares the tokenizer a text that cannot fit whatever its tokens are. */
  private static void requirePlausible(
      LoadedModel.Generative model, long characters, String param) {
    long fewestTokens = characters / model.maxTokenBytes();
    int context = model.generator().contextLength();
    if (fewestTokens > context) {
      throw tooLong("more than " + fewestTokens, context, param);
    }
  }

  private static BadRequest tooLong(String tokens, int context, String param) {
    return new BadRequest(
        "This model's context has %d tokens, and your '%s' alone has %s. Shorten it."
            .formatted(context, param, tokens),
        param,
        "context_length_exceeded");
  }

  private static void requireKnown(LoadedModel.Generative model, int[] ids) {
    int vocabulary = model.generator().tokenizer().vocabularySize();
    for (int id : ids) {
      if (id >= vocabulary) {
        throw new BadRequest(
            "'prompt' holds the token id %d; this model has ids below %d."
                .formatted(id, vocabulary),
            "prompt",
            "invalid_value");
      }
    }
  }

  private static void checkBias(LoadedModel.Generative model, Sampling sampling) {
    int vocabulary = model.generator().tokenizer().vocabularySize();
    for (int id : sampling.logitBias().keySet()) {
      if (id >= vocabulary) {
        throw new BadRequest(
            "'logit_bias' names the token id %d; this model has ids below %d."
                .formatted(id, vocabulary),
            "logit_bias",
            "invalid_value");
      }
    }
  }
}
