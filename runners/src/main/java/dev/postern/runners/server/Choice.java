package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** One answer in the making: tokens in, pieces that can be sent out. */
final class Choice {
  private final TextAssembler assembler;
  private final Tokenizer tokenizer;
  private final boolean scored;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private long appendedBytes;
  private int tokens;
  private double logprobs;

  private record Pending(ScoredToken token, long start, long end) {}

  Choice(List<String> stops, Tokenizer tokenizer, boolean scored) {
    assembler = new TextAssembler(stops);
    this.tokenizer = tokenizer;
    this.scored = scored;
  }

  Delta append(Generator.Token token) {
    tokens++;
    logprobs += token.logprob();
    var bytes = tokenizer.bytes(token.id());
    if (scored) {
      pending.add(
          new Pending(
              ScoredToken.produced(token, tokenizer), appendedBytes, appendedBytes + bytes.length));
    }
    appendedBytes += bytes.length;
    return delta(assembler.append(bytes));
  }

  Delta finish() {
    return delta(assembler.finish());
  }

  boolean stopped() {
    return assembler.stopped();
  }

  int tokens() {
    return tokens;
  }

  /** By which the best of several answers is told. */
  double meanLogprob() {
    return tokens == 0 ? Double.NEGATIVE_INFINITY : logprobs / tokens;
  }

  private Delta delta(String text) {
    var sent = new ArrayList<ScoredToken>();
    long bytes = assembler.sentBytes();
    while (!pending.isEmpty() && pending.peek().end() <= bytes) {
      sent.add(pending.remove().token());
    }
    if (assembler.stopped() && !pending.isEmpty() && pending.peek().start() < bytes) {
      var last = pending.remove();
      sent.add(last.token().cut((int) (bytes - last.start())));
    }
    return new Delta(text, sent);
  }
}
