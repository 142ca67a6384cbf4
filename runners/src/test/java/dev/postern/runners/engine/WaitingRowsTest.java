package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.RunnerException;
import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class WaitingRowsTest {
  private final WaitingRows waiting = new WaitingRows(4);
  private final FairShares shares = new FairShares();

  private static Row row(String tenant, int weight, int priority) {
    var sampling = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0);
    var caller = new Caller(tenant, weight, priority);
    var request = new Request(new int[] {1}, sampling, 1, false, caller, null, null);
    return new Row(request, 1, 0, new Recording(), () -> {}, 0);
  }

  private Row add(String tenant) {
    Row row = row(tenant, 1, 0);
    assertThat(waiting.add(row, 0)).isNull();
    return row;
  }

  private Row take() {
    Row row = Objects.requireNonNull(waiting.first(shares, _ -> true));
    waiting.remove(row);
    return row;
  }

  @Test
  void servesHimFirstWhoHadLeast() {
    Row first = add("a");
    Row second = add("a");
    Row other = add("b");
    shares.charge(first.caller(), 100);
    assertThat(take()).isSameAs(other);
    assertThat(take()).isSameAs(first);
    assertThat(take()).isSameAs(second);
    assertThat(waiting.size()).isZero();
  }

  @Test
  void countsWhatWasHadByWeight() {
    List<String> served = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      var pair = new WaitingRows(2);
      pair.add(row("a", 3, 0), 0);
      pair.add(row("b", 1, 0), 0);
      Row next = Objects.requireNonNull(pair.first(shares, _ -> true));
      shares.serve(next.caller());
      shares.charge(next.caller(), 100);
      served.add(next.caller().tenant());
    }
    assertThat(served).filteredOn("a"::equals).hasSize(30);
  }

  @Test
  void letsAHigherPriorityGoFirst() {
    add("a");
    Row urgent = row("a", 1, 5);
    waiting.add(urgent, 0);
    assertThat(take()).isSameAs(urgent);
  }

  @Test
  void takesBackARowBeforeTheOthersOfItsTenant() {
    Row first = add("a");
    add("a");
    waiting.remove(first);
    waiting.putBack(first);
    assertThat(take()).isSameAs(first);
  }

  @Test
  void refusesTheGreediestWhenFull() {
    add("a");
    add("a");
    add("a");
    Row last = add("a");
    assertThatThrownBy(() -> waiting.add(row("a", 1, 0), 0)).isInstanceOf(RunnerException.class);
    assertThat(waiting.add(row("b", 1, 0), 0)).isSameAs(last);
    assertThat(waiting.size()).isEqualTo(4);
    // Two and two now: who comes has most himself.
    waiting.add(row("b", 1, 0), 0);
    assertThatThrownBy(() -> waiting.add(row("b", 1, 0), 0)).isInstanceOf(RunnerException.class);
  }

  @Test
  void earnsNothingByBeingAway() {
    Row busy = row("a", 1, 0);
    shares.serve(busy.caller());
    shares.charge(busy.caller(), 1000);
    shares.serve(busy.caller());
    Row fresh = row("b", 1, 0);
    assertThat(shares.of(fresh.caller())).isEqualTo(shares.of(busy.caller()));
  }
}
