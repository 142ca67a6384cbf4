package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import dev.postern.runners.RunnerException;
import dev.postern.runners.engine.EngineConfig.Guessing;
import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever comes, goes, fails and makes way: each row has its own tokens and one end. */
@Timeout(60)
class EngineLoopPropertyTest {
  private static final int ROWS = 60;
  private static final int MEMORY = 140;

  private static final class Case implements Generator.Listener {
    final int[] prompt;
    final int maxTokens;
    final boolean scored;
    final CountDownLatch ended = new CountDownLatch(1);
    final AtomicInteger ends = new AtomicInteger();
    final List<Integer> ids = new ArrayList<>();
    List<Token> promptTokens = List.of();
    volatile boolean failed;
    volatile FinishReason reason = FinishReason.CANCELLED;

    Case(int[] prompt, int maxTokens, boolean scored) {
      this.prompt = prompt;
      this.maxTokens = maxTokens;
      this.scored = scored;
    }

    @Override
    public void onPrompt(List<Token> tokens) {
      assertThat(promptTokens).isEmpty();
      promptTokens = tokens;
    }

    @Override
    public void onToken(Token token) {
      ids.add(token.id());
    }

    @Override
    public void onEnd(FinishReason how, Timings timings) {
      reason = how;
      over();
    }

    @Override
    public void onFailure(Throwable cause) {
      failed = true;
      assertThat(cause).isInstanceOfAny(OrtException.class, RunnerException.class);
      over();
    }

    private void over() {
      ends.incrementAndGet();
      ended.countDown();
    }
  }

  static IntStream seeds() {
    return IntStream.range(0, 40);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void givesEachRowItsOwnTokensAndOneEnd(int seed) throws Exception {
    var random = new Random(seed);
    var decoder = new ScriptedDecoder(1 + random.nextInt(6), MEMORY);
    int queue = random.nextBoolean() ? ROWS : 5;
    var loop =
        new EngineLoop(
            decoder,
            id -> id == 96,
            3 + random.nextInt(9),
            queue,
            Guessing.ALWAYS,
            System::nanoTime);
    Thread thread = Thread.ofPlatform().daemon().start(loop);
    List<int[]> openings = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      openings.add(random.ints(random.nextInt(40), 1, 90).toArray());
    }
    List<Case> cases = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      int[] opening = openings.get(random.nextInt(openings.size()));
      int[] prompt =
          IntStream.concat(IntStream.of(opening), random.ints(1 + random.nextInt(6), 1, 90))
              .toArray();
      var made = new Case(prompt, 1 + random.nextInt(100 - prompt.length), random.nextInt(8) == 0);
      var caller =
          new Caller("t" + random.nextInt(3), 1 + random.nextInt(3), random.nextInt(4) / 3);
      var sampling = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0);
      var request = new Request(prompt, sampling, made.maxTokens, made.scored, caller, null, null);
      var row = new Row(request, made.maxTokens, 0, made, loop::wake, System.nanoTime());
      try {
        loop.submit(row);
        cases.add(made);
      } catch (RunnerException full) {
        assertThat(queue).isEqualTo(5);
      }
      if (random.nextInt(10) == 0) {
        row.cancel();
      }
      if (random.nextInt(25) == 0) {
        decoder.failNext(1);
      }
    }
    for (Case made : cases) {
      assertThat(made.ended.await(30, TimeUnit.SECONDS)).isTrue();
    }
    loop.close();
    thread.join();
    for (Case made : cases) {
      assertThat(made.ends).hasValue(1);
      List<Integer> all = ScriptedDecoder.expected(made.prompt, made.maxTokens);
      int end = all.indexOf(96);
      List<Integer> whole = end < 0 ? all : all.subList(0, end);
      if (made.failed || made.reason == FinishReason.CANCELLED) {
        assertThat(made.ids).isEqualTo(whole.subList(0, made.ids.size()));
      } else {
        assertThat(made.ids).isEqualTo(whole);
        assertThat(made.reason).isEqualTo(end < 0 ? FinishReason.LENGTH : FinishReason.STOP);
        assertThat(made.promptTokens).hasSize(made.scored ? made.prompt.length - 1 : 0);
      }
    }
    assertThat(loop.load().cacheBytes()).isZero();
    assertThat(decoder.heldByRows()).isZero();
  }
}
