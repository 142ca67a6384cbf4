package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.EngineConfig.Guessing;
import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineLoopTest {
  private static final int END = 96;
  private static final Sampling GREEDY =
      new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0);

  private ScriptedDecoder decoder = new ScriptedDecoder(4, 10_000);
  private EngineLoop loop = start(decoder, 8);
  private Thread thread = Thread.ofPlatform().daemon().start(loop);

  private static EngineLoop start(Decoder decoder, int maxWaiting) {
    return new EngineLoop(
        decoder, id -> id == END, 3, maxWaiting, Guessing.ALWAYS, System::nanoTime);
  }

  private void restart(ScriptedDecoder other, int maxWaiting) throws InterruptedException {
    stop();
    decoder = other;
    loop = start(other, maxWaiting);
    thread = Thread.ofPlatform().daemon().start(loop);
  }

  @AfterEach
  void stop() throws InterruptedException {
    decoder.resume();
    loop.close();
    thread.join();
    assertThat(decoder.closed()).isTrue();
  }

  private Row submit(int[] prompt, int maxTokens, Recording listener) {
    var request = Request.of(prompt, GREEDY, maxTokens);
    var row = new Row(request, maxTokens, 0, listener, loop::wake, System.nanoTime());
    loop.submit(row);
    return row;
  }

  private static List<Integer> untilEnd(List<Integer> tokens) {
    int end = tokens.indexOf(END);
    return end < 0 ? tokens : tokens.subList(0, end);
  }

  @Test
  void givesEachRowItsOwnTokensWhoeverComesAndGoes() throws Exception {
    Random random = new Random(1);
    restart(new ScriptedDecoder(4, 10_000), 200);
    List<int[]> prompts = new ArrayList<>();
    List<Integer> lengths = new ArrayList<>();
    List<Recording> listeners = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      prompts.add(random.ints(1 + random.nextInt(11), 1, 90).toArray());
      lengths.add(1 + random.nextInt(20));
      listeners.add(new Recording());
      submit(prompts.get(i), lengths.get(i), listeners.get(i));
    }
    for (int i = 0; i < prompts.size(); i++) {
      FinishReason reason = listeners.get(i).await().reason();
      List<Integer> all = ScriptedDecoder.expected(prompts.get(i), lengths.get(i));
      assertThat(listeners.get(i).ids()).isEqualTo(untilEnd(all));
      assertThat(reason).isEqualTo(all.contains(END) ? FinishReason.STOP : FinishReason.LENGTH);
    }
    assertThat(decoder.largestBatch()).isEqualTo(4);
  }

  @Test
  void refusesWhenTheQueueIsFull() throws Exception {
    restart(new ScriptedDecoder(1, 10_000_000), 2);
    decoder.pause();
    List<Recording> accepted = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 10; i++) {
                accepted.add(new Recording());
                submit(new int[] {1}, 5, accepted.getLast());
              }
            })
        .isInstanceOfSatisfying(
            RunnerException.class,
            refused -> assertThat(refused.failure()).isInstanceOf(RunnerFailure.Overloaded.class));
    accepted.removeLast();
    assertThat(accepted).hasSizeBetween(2, 3);
    decoder.resume();
    for (Recording listener : accepted) {
      assertThat(listener.await().reason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void tellsARowWhateverFailsAndGoesOn() throws Exception {
    for (Runnable fault : List.<Runnable>of(decoder::breakNext, decoder::refuseNextAdapter)) {
      fault.run();
      var unlucky = new Recording();
      submit(new int[] {1, 2}, 5, unlucky);
      assertThatThrownBy(unlucky::await).hasStackTraceContaining("scripted");
      var next = new Recording();
      submit(new int[] {1, 2}, 5, next);
      assertThat(next.await().reason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  private Row submit(String tenant, int priority, int maxTokens, Recording listener) {
    var caller = new Caller(tenant, 1, priority);
    var request = new Request(new int[] {1, 2, 3}, GREEDY, maxTokens, false, caller, null, null);
    var row = new Row(request, maxTokens, 0, listener, loop::wake, System.nanoTime());
    loop.submit(row);
    return row;
  }

  @Test
  void letsATenantWithOneRequestPastAnothersHundred() throws Exception {
    restart(new ScriptedDecoder(2, 10_000), 200);
    decoder.pause();
    List<Recording> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(new Recording());
      submit("busy", 0, 20, many.getLast());
    }
    AtomicLong endedBefore = new AtomicLong();
    var counting =
        new Recording() {
          @Override
          public void onEnd(FinishReason reason, Generator.Timings timings) {
            endedBefore.set(many.stream().filter(Recording::ended).count());
            super.onEnd(reason, timings);
          }
        };
    submit("quiet", 0, 20, counting);
    decoder.resume();
    counting.await();
    assertThat(endedBefore.get()).isLessThan(10);
    for (Recording listener : many) {
      listener.await();
      assertThat(listener.ids()).isEqualTo(counting.ids());
    }
  }

  @Test
  void sendsARowBackForOneOfHigherPriority() throws Exception {
    restart(new ScriptedDecoder(1, 10_000_000), 8);
    var running = new Recording();
    Row slow = submit(new int[] {0}, 1_000_000, running);
    running.awaitFirstToken();
    var urgent = new Recording();
    submit("b", 1, 4, urgent);
    assertThat(urgent.await().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(loop.counters().preemptions()).isPositive();
    assertThat(running.ended()).isFalse();
    slow.cancel();
    running.await();
    List<Integer> ids = running.ids();
    assertThat(ids).isEqualTo(ScriptedDecoder.expected(new int[] {0}, ids.size()));
  }

  @Test
  void endsCancelledRowsWhereverTheyAre() throws Exception {
    restart(new ScriptedDecoder(1, 10_000_000), 8);
    var running = new Recording();
    Row first = submit(new int[] {0}, 1_000_000, running);
    running.awaitFirstToken();
    var queued = new Recording();
    Row second = submit(new int[] {3}, 5, queued);
    second.cancel();
    assertThat(queued.await().reason()).isEqualTo(FinishReason.CANCELLED);
    assertThat(queued.ids()).isEmpty();
    assertThat(running.ended()).isFalse();
    first.cancel();
    assertThat(running.await().reason()).isEqualTo(FinishReason.CANCELLED);
  }

  @Test
  void failsItsRowsWhenAStepFailsAndGoesOn() throws Exception {
    decoder.pause();
    var struck = new Recording();
    submit(new int[] {1, 2}, 5, struck);
    decoder.failNext(1);
    decoder.resume();
    assertThatThrownBy(struck::await)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(OrtException.class);
    var after = new Recording();
    submit(new int[] {1, 2}, 5, after);
    after.await();
    assertThat(after.ids()).isEqualTo(ScriptedDecoder.expected(new int[] {1, 2}, 5));
  }

  @Test
  void dropsOnlyTheRowWhoseListenerThrows() throws Exception {
    decoder.pause();
    var throwing =
        new Recording() {
          @Override
          public synchronized void onToken(Token token) {
            throw new IllegalStateException("a listener's fault");
          }
        };
    submit(new int[] {5}, 10, throwing);
    var other = new Recording();
    submit(new int[] {1, 2}, 10, other);
    decoder.resume();
    other.await();
    assertThat(other.ids()).isEqualTo(untilEnd(ScriptedDecoder.expected(new int[] {1, 2}, 10)));
  }

  @Test
  void failsWhatIsLeftWhenClosed() throws Exception {
    restart(new ScriptedDecoder(1, 10_000_000), 8);
    var running = new Recording();
    submit(new int[] {0}, 1_000_000, running);
    var queued = new Recording();
    submit(new int[] {3}, 5, queued);
    running.awaitFirstToken();
    loop.close();
    for (Recording listener : List.of(running, queued)) {
      assertThatThrownBy(listener::await).hasCauseInstanceOf(RunnerException.class);
    }
    assertThatThrownBy(() -> submit(new int[] {3}, 5, new Recording()))
        .isInstanceOf(RunnerException.class);
  }
}
