package dev.postern.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BodyMemoryTest {

  @Test
  void requestsShareWhatThereIsAndGiveItBackOnce() {
    var memory = new BodyMemory(100);
    var first = memory.share();
    var second = memory.share();

    assertThat(first.take(60)).isTrue();
    assertThat(first.take(10)).isTrue();
    assertThat(second.take(31)).isFalse();
    assertThat(second.take(30)).isTrue();

    first.release();
    first.release();
    assertThat(second.take(71)).isFalse();
    assertThat(second.take(70)).isTrue();
  }
}
