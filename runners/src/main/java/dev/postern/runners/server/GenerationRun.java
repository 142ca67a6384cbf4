package dev.postern.runners.server;

import dev.postern.runners.RunnerException;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Generation;
import dev.postern.runners.engine.Generator.Timings;
import io.vertx.core.Context;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All generations of one request. The engine's thread only hands over; everything else happens on
 * the request's event loop.
 */
final class GenerationRun {
  /** Receives the answers by their request's index. */
  interface Sink {
    /**
     * Comes first for each answer.
     *
     * @param prompt its tokens when they were to be scored, else empty
     */
    void begun(int index, List<ScoredToken> prompt);

    void delta(int index, Delta delta);

    /**
     * @param meanLogprob of its tokens
     */
    void finished(int index, String finishReason, double meanLogprob);

    /** After the last answer has finished. */
    void done(Totals totals);

    /** Instead of everything that would have come. */
    void failed(Throwable cause);
  }

  /** Hears what is spent, whoever still reads the answer. */
  interface Account {
    /** What rows took, with its part of what was spent around them. */
    long withOverhead(long cpuMicros);

    /** A token was produced. */
    void token();

    /** Always called once, when the engine has let go of everything. */
    void ended(Totals totals);
  }

  /**
   * @param thinkingTokens of the completion's
   * @param cpuMicros processor time, with the request's part of what was spent around its rows
   * @param cachedTokens of the prompts, each counted once, that did not need to be computed
   */
  record Totals(
      int completionTokens,
      int thinkingTokens,
      long cpuMicros,
      long queueMicros,
      int cachedTokens) {
    static final Totals NONE = new Totals(0, 0, 0, 0, 0);
  }

  /**
   * One answer to make.
   *
   * @param parts makes what tells its parts apart; gives null for plain text
   */
  record Asked(Generator.Request request, Supplier<@Nullable AnswerParts> parts) {
    Asked withAdapter(String adapter) {
      return new Asked(request.withAdapter(adapter), parts);
    }
  }

  private final Context context;
  private final Generator generator;
  private final Sink sink;
  private final Account account;
  private final List<Generation> generations = new ArrayList<>();
  private final Map<int[], Integer> cached = new IdentityHashMap<>();
  private boolean silent;
  private int running;
  private int completionTokens;
  private int thinkingTokens;
  private long cpuMicros;
  private long queueMicros;

  private GenerationRun(Context context, Generator generator, Sink sink, Account account) {
    this.context = context;
    this.generator = generator;
    this.sink = sink;
    this.account = account;
  }

  /**
   * Starts every generation. Runs on {@code context}.
   *
   * @throws RunnerException when the queue has no room for all; then none goes on
   */
  static GenerationRun start(
      Context context, Generator generator, List<Asked> requests, Sink sink, Account account) {
    var run = new GenerationRun(context, generator, sink, account);
    try {
      for (int i = 0; i < requests.size(); i++) {
        run.new Answer(i, requests.get(i)).submit();
        run.running++;
      }
    } catch (RuntimeException e) {
      run.cancel();
      if (run.running == 0) {
        account.ended(Totals.NONE);
      }
      throw e;
    }
    return run;
  }

  /** Nobody reads the answer any more. */
  void cancel() {
    silent = true;
    generations.forEach(Generation::cancel);
  }

  /** Ends everything with an error. */
  void fail(Throwable cause) {
    if (!silent) {
      cancel();
      sink.failed(cause);
    }
  }

  private int cachedTokens() {
    return cached.values().stream().mapToInt(Integer::intValue).sum();
  }

  private void ended(int[] prompt, @Nullable Timings timings) {
    if (timings != null) {
      // Samples of one prompt share it, which is no saving of the caller's.
      cached.merge(prompt, timings.cachedTokens(), Math::min);
      cpuMicros += timings.cpuMicros();
      queueMicros = Math.max(queueMicros, timings.queueMicros());
    }
    running--;
    if (running == 0) {
      var totals =
          new Totals(
              completionTokens,
              thinkingTokens,
              account.withOverhead(cpuMicros),
              queueMicros,
              cachedTokens());
      account.ended(totals);
      if (!silent) {
        sink.done(totals);
      }
    }
  }

  private final class Answer implements Generator.Listener {
    private final int index;
    private final Generator.Request request;
    private final Choice choice;
    private List<ScoredToken> prompt = List.of();
    private @Nullable Generation generation;
    private boolean begun;

    Answer(int index, Asked asked) {
      this.index = index;
      this.request = asked.request();
      var sampling = request.sampling();
      choice =
          new Choice(
              sampling.stop(), generator.tokenizer(), sampling.logprobs(), asked.parts().get());
    }

    void submit() {
      if (request.maxTokens() == 0 && !request.scorePrompt()) {
        context.runOnContext(_ -> end(FinishReason.LENGTH, null));
        return;
      }
      generation = generator.submit(request, this);
      generations.add(generation);
    }

    @Override
    public void onPrompt(List<Generator.Token> scored) {
      context.runOnContext(_ -> {
        var tokens = new ArrayList<ScoredToken>();
        tokens.add(ScoredToken.first(request.prompt()[0], generator.tokenizer()));
        scored.forEach(token -> tokens.add(ScoredToken.prompt(token, generator.tokenizer())));
        prompt = tokens;
      });
    }

    @Override
    public void onToken(Generator.Token token) {
      context.runOnContext(_ -> append(token));
    }

    @Override
    public void onEnd(FinishReason reason, Timings timings) {
      context.runOnContext(_ -> end(reason, timings));
    }

    @Override
    public void onFailure(Throwable cause) {
      context.runOnContext(_ -> {
        fail(cause);
        ended(request.prompt(), null);
      });
    }

    private void append(Generator.Token token) {
      if (choice.stopped()) {
        return;
      }
      completionTokens++;
      account.token();
      var delta = choice.append(token);
      if (choice.stopped() && generation != null) {
        generation.cancel();
      }
      if (!silent) {
        begin();
        tell(delta);
      }
    }

    private void end(FinishReason reason, @Nullable Timings timings) {
      var last = choice.finish();
      thinkingTokens += choice.thinkingTokens();
      if (!silent) {
        begin();
        tell(last);
        sink.finished(index, word(reason), choice.meanLogprob());
      }
      ended(request.prompt(), timings);
    }

    private String word(FinishReason reason) {
      return choice.stopped()
          ? "stop"
          : switch (reason) {
            case STOP, CANCELLED -> choice.called() ? "tool_calls" : "stop";
            case LENGTH -> "length";
          };
    }

    private void begin() {
      if (!begun) {
        begun = true;
        sink.begun(index, prompt);
      }
    }

    private void tell(Delta delta) {
      if (!delta.isEmpty()) {
        sink.delta(index, delta);
      }
    }
  }
}
