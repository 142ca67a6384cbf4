package dev.postern.runners.server;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.template.Conversation;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A model that says what it is told to, a byte a token, each generation on a thread of its own. */
final class ScriptedGenerator implements Generator {
  static final int CONTEXT = 400;

  private final ByteTokenizer tokenizer = new ByteTokenizer();
  private final int capacity;
  private final Semaphore steps = new Semaphore(0);
  private final AtomicInteger rows = new AtomicInteger();
  final List<Request> requests = new CopyOnWriteArrayList<>();
  final CountDownLatch cancelled = new CountDownLatch(1);
  final CountDownLatch closed = new CountDownLatch(1);
  volatile Function<Request, String> answer = _ -> "Hello, Welt: äöü 🎉 fertig.";
  volatile String template = "";
  volatile List<String> chatStops = List.of();
  volatile boolean stepwise;

  /** On the server's event loop, while a prompt is rendered. */
  volatile Runnable whenRendering = () -> {};

  volatile int failAfter = -1;
  volatile Duration step = Duration.ZERO;

  /**
   * @param capacity generations at a time; further ones are refused
   */
  ScriptedGenerator(int capacity) {
    this.capacity = capacity;
  }

  /** Lets generations that run stepwise go on by this many tokens. */
  void allow(int tokens) {
    steps.release(tokens);
  }

  @Override
  public int contextLength() {
    return CONTEXT;
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public String renderChat(Conversation conversation) {
    whenRendering.run();
    var text = new StringBuilder();
    for (var turn : conversation.turns()) {
      text.append("<|im_start|>").append(turn.role()).append('\n');
      text.append(turn.content()).append("<|im_end|>\n");
    }
    return text.append("<|im_start|>assistant\n").toString();
  }

  @Override
  public List<String> chatStops() {
    return chatStops;
  }

  @Override
  public String chatTemplate() {
    return template;
  }

  @Override
  public Generation submit(Request request, Listener listener) {
    if (rows.incrementAndGet() > capacity) {
      rows.decrementAndGet();
      throw new RunnerException(new RunnerFailure.Overloaded("engine", Duration.ofMillis(1500)));
    }
    requests.add(request);
    var row = new ScriptedRow(request, listener);
    Thread.ofPlatform().daemon().start(row);
    return row;
  }

  @Override
  public Counters counters() {
    return new Counters(0, 0, 0, 0, 0, 0, 0);
  }

  @Override
  public Load load() {
    return new Load(rows.get(), 0, capacity, 0, rows.get() * 100L, capacity * 100L);
  }

  @Override
  public Duration step() {
    return step;
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private final class ScriptedRow implements Generation, Runnable {
    private final Request request;
    private final Listener listener;
    private volatile boolean ended;

    ScriptedRow(Request request, Listener listener) {
      this.request = request;
      this.listener = listener;
    }

    @Override
    public void cancel() {
      ended = true;
      cancelled.countDown();
    }

    @Override
    public void run() {
      var reason = FinishReason.STOP;
      if (request.scorePrompt()) {
        var scored = new ArrayList<Token>();
        for (int i = 1; i < request.prompt().length; i++) {
          scored.add(token(request.prompt()[i]));
        }
        listener.onPrompt(scored);
      }
      int produced = 0;
      for (byte b : answer.apply(request).getBytes(StandardCharsets.UTF_8)) {
        if (produced == request.maxTokens()) {
          reason = FinishReason.LENGTH;
          break;
        }
        if (produced == failAfter) {
          rows.decrementAndGet();
          listener.onFailure(new IllegalStateException("scripted"));
          return;
        }
        awaitStep();
        if (!allowed(b & 0xff)) {
          rows.decrementAndGet();
          listener.onFailure(new IllegalStateException("not allowed after " + produced));
          return;
        }
        if (ended) {
          reason = FinishReason.CANCELLED;
          break;
        }
        listener.onToken(token(b & 0xff));
        produced++;
      }
      rows.decrementAndGet();
      listener.onEnd(reason, new Timings(20, 30, 40, 1000, 0));
    }

    /** The script must be what the request's constraint would have let the model say. */
    private boolean allowed(int id) {
      var constraint = request.constraint();
      if (constraint == null) {
        return true;
      }
      boolean allowed = (constraint.allowed()[id >>> 6] >>> id & 1) != 0;
      constraint.accept(id);
      return allowed;
    }

    private void awaitStep() {
      try {
        while (stepwise && !ended && !steps.tryAcquire(10, TimeUnit.MILLISECONDS)) {
          Thread.onSpinWait();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        ended = true;
      }
    }

    private Token token(int id) {
      if (!request.sampling().logprobs()) {
        return new Token(id, Float.NaN, List.of());
      }
      var top = new ArrayList<Alternative>();
      for (int i = 0; i < request.sampling().topLogprobs(); i++) {
        top.add(new Alternative(i == 0 ? id : 'a' + i, -0.5f - i));
      }
      return new Token(id, -0.5f, top);
    }
  }
}
