package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Listener;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A listener that remembers, and that tests can wait on. */
class Recording implements Listener {
  record End(FinishReason reason, Timings timings) {}

  private final List<Token> prompt = new ArrayList<>();
  private final List<Token> tokens = new ArrayList<>();
  private final CompletableFuture<End> end = new CompletableFuture<>();
  private final CountDownLatch first = new CountDownLatch(1);

  @Override
  public synchronized void onPrompt(List<Token> scored) {
    prompt.addAll(scored);
  }

  @Override
  public synchronized void onToken(Token token) {
    tokens.add(token);
    first.countDown();
  }

  @Override
  public void onEnd(FinishReason reason, Timings timings) {
    end.complete(new End(reason, timings));
  }

  @Override
  public void onFailure(Throwable cause) {
    end.completeExceptionally(cause);
  }

  End await() throws Exception {
    return end.get(60, TimeUnit.SECONDS);
  }

  void awaitFirstToken() throws InterruptedException {
    if (!first.await(60, TimeUnit.SECONDS)) {
      throw new AssertionError("no token came");
    }
  }

  boolean ended() {
    return end.isDone();
  }

  synchronized List<Integer> ids() {
    return tokens.stream().map(Token::id).toList();
  }

  synchronized List<Token> tokens() {
    return List.copyOf(tokens);
  }

  synchronized List<Token> prompt() {
    return List.copyOf(prompt);
  }
}
