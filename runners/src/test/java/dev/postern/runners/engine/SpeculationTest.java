package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.wire.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class SpeculationTest {
  private final Speculation speculation = new Speculation();

  private static Row row(String tenant, int... prompt) {
    var sampling = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0);
    var request =
        new Request(prompt, sampling, 10_000, false, new Caller(tenant, 1, 0), null, null);
    return new Row(request, 10_000, 0, new Recording(), () -> {}, 0);
  }

  private static void say(Row row, int token) {
    row.tell(new Token(token, Float.NaN, List.of()));
  }

  /** Tokens that were guessed right, and all that were guessed, while a row says so much. */
  private int[] guessed(Row row, int count, IntUnaryOperator text) {
    int right = 0;
    int all = 0;
    for (int said = 0; said < count; ) {
      int[] guess = speculation.guess(row, 8);
      all += guess.length;
      int at = 0;
      say(row, text.applyAsInt(said++));
      while (at < guess.length && guess[at] == row.next() && said < count) {
        right++;
        at++;
        say(row, text.applyAsInt(said++));
      }
    }
    return new int[] {right, all};
  }

  @Test
  void guessesWhatARowRepeats() {
    int[] guessed = guessed(row("a", 1), 400, i -> 10 + i % 7);
    assertThat(guessed[0]).isGreaterThan(250);
    assertThat((double) guessed[0] / guessed[1]).isGreaterThan(0.9);
  }

  @Test
  void stopsGuessingWhereItDoesNotPay() {
    var random = new Random(1);
    int[] text = random.ints(3000, 0, 50).toArray();
    guessed(row("a", 1), 2000, i -> text[i]);
    int[] guessed = guessed(row("a", 1), 1000, i -> text[2000 + i]);
    assertThat(guessed[1]).isLessThan(50);
  }

  @Test
  void stopsGuessingWhereCallsForSeveralAreDear() {
    for (int tokens = 1; tokens <= 1 + Speculation.MOST; tokens++) {
      speculation.called(tokens, 1000L * tokens);
    }
    assertThat(guessed(row("a", 1), 400, i -> 10 + i % 7)[1]).isZero();
  }

  @Test
  void knowsWhatATenantSaidBeforeAndNotWhatOthersDid() {
    var random = new Random(2);
    int[] text = random.ints(300, 0, 5000).toArray();
    for (int i = 0; i < 5; i++) {
      Row row = row("a", 1);
      guessed(row, 300, at -> text[at]);
      speculation.ended(row);
    }
    assertThat(guessed(row("a", 1), 300, at -> text[at])[0]).isGreaterThan(150);
    assertThat(guessed(row("b", 1), 300, at -> text[at])[0]).isZero();
  }
}
