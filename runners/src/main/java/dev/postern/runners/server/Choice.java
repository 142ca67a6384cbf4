package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One answer in the making: tokens in, pieces that can be sent out. */
final class Choice {
  private final TextAssembler assembler;
  private final Tokenizer tokenizer;
  private final boolean scored;
  private final @Nullable AnswerParts parts;
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private long appendedBytes;
  private int tokens;
  private int thinkingTokens;
  private double logprobs;

  private record Pending(ScoredToken token, long start, long end) {}

  /**
   * @param parts tells them apart; null for an answer that is text and nothing else
   */
  Choice(List<String> stops, Tokenizer tokenizer, boolean scored, @Nullable AnswerParts parts) {
    this.parts = parts;
    assembler = new TextAssembler(stops);
    this.tokenizer = tokenizer;
    this.scored = scored;
  }

  Delta append(Generator.Token token) {
    tokens++;
    logprobs += token.logprob();
    var bytes = bytes(token.id());
    if (scored) {
      pending.add(
          new Pending(
              ScoredToken.produced(token, tokenizer), appendedBytes, appendedBytes + bytes.length));
    }
    appendedBytes += bytes.length;
    boolean thinking = parts != null && parts.thinking();
    var delta = delta(assembler.append(bytes), false);
    thinkingTokens += thinking || (parts != null && parts.thinking()) ? 1 : 0;
    return delta;
  }

  Delta finish() {
    return delta(assembler.finish(), true);
  }

  /** Marks of parts may be control tokens, which otherwise give no text. */
  private byte[] bytes(int id) {
    var bytes = tokenizer.bytes(id);
    return parts != null && bytes.length == 0 && AnswerParts.SPELLED.contains(tokenizer.piece(id))
        ? tokenizer.piece(id).getBytes(StandardCharsets.UTF_8)
        : bytes;
  }

  /** Of the tokens, those of the model's thoughts. */
  int thinkingTokens() {
    return thinkingTokens;
  }

  /** Whether it has called a function. */
  boolean called() {
    return parts != null && parts.called();
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

  private Delta delta(String text, boolean over) {
    var sent = new ArrayList<ScoredToken>();
    long bytes = assembler.sentBytes();
    while (!pending.isEmpty() && pending.peek().end() <= bytes) {
      sent.add(pending.remove().token());
    }
    if (assembler.stopped() && !pending.isEmpty() && pending.peek().start() < bytes) {
      var last = pending.remove();
      sent.add(last.token().cut((int) (bytes - last.start())));
    }
    if (parts == null) {
      return new Delta(text, sent);
    }
    boolean thinking = parts.thinking();
    var told = over ? both(parts.accept(text), parts.finish()) : parts.accept(text);
    boolean content = !thinking && told.thoughts().isEmpty() && !parts.called();
    return new Delta(told.content(), content ? sent : List.of(), told.thoughts(), told.calls());
  }

  private static AnswerParts.Parts both(AnswerParts.Parts first, AnswerParts.Parts second) {
    return new AnswerParts.Parts(
        first.content() + second.content(),
        first.thoughts() + second.thoughts(),
        Stream.concat(first.calls().stream(), second.calls().stream()).toList());
  }
}
