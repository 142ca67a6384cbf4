package dev.postern.runners.server;

import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.grammar.Grammars;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A model that this process serves. */
sealed interface LoadedModel {
  String name();

  /** How long the step at work has been running; zero between steps. Any thread. */
  Duration step();

  /** Bytes that it took of the budget since it was loaded. Any thread. */
  default long grown() {
    return 0;
  }

  /** Gives those bytes back: whoever unloads it counts on them. */
  default void shrink() {}

  /** Frees its memory. */
  void close();

  /**
   * @param fingerprint changes with the weights; answers carry it
   * @param maxTokenBytes of the longest token, which bounds the text of a prompt that can fit
   * @param controlTexts how control tokens are spelled
   * @param grammars what its answers were held to
   * @param adapters memory of the adapters that are loaded
   */
  record Generative(
      String name,
      Generator generator,
      String fingerprint,
      int maxTokenBytes,
      List<String> controlTexts,
      Grammars grammars,
      MemoryBudget.Share adapters)
      implements LoadedModel {

    /** With adapters that take nothing of a budget. */
    static Generative of(String name, Generator generator, String fingerprint) {
      return of(name, generator, fingerprint, new MemoryBudget(0).share());
    }

    static Generative of(
        String name, Generator generator, String fingerprint, MemoryBudget.Share adapters) {
      var tokenizer = generator.tokenizer();
      int longest = 1;
      var controls = new ArrayList<String>();
      for (int id = 0; id < tokenizer.vocabularySize(); id++) {
        int length = tokenizer.bytes(id).length;
        if (length == 0) {
          controls.add(tokenizer.piece(id));
        }
        longest = Math.max(longest, Math.max(length, tokenizer.piece(id).length()));
      }
      return new Generative(
          name,
          generator,
          fingerprint,
          longest,
          List.copyOf(controls),
          new Grammars(tokenizer, Set.copyOf(AnswerParts.SPELLED)),
          adapters);
    }

    @Override
    public long grown() {
      return adapters.held();
    }

    @Override
    public void shrink() {
      adapters.close();
    }

    @Override
    public Duration step() {
      return generator.step();
    }

    @Override
    public void close() {
      generator.close();
    }
  }

  record Encoding(String name, Encoder encoder) implements LoadedModel {
    @Override
    public Duration step() {
      return encoder.step();
    }

    @Override
    public void close() {
      encoder.close();
    }
  }
}
