package dev.postern.ops.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundedLogTest {
  @TempDir Path folder;

  @Test
  void neverTakesMuchMoreThanTwiceItsLimit() throws Exception {
    var file = folder.resolve("logs/x.log");
    try (var log = new BoundedLog(file, 1_000)) {
      for (int i = 0; i < 500; i++) {
        log.line("line number " + i);
      }
    }

    assertThat(Files.size(file)).isLessThan(1_100);
    assertThat(Files.size(file.resolveSibling("x.log.1"))).isLessThan(1_100);
    assertThat(Files.readAllLines(file)).last().isEqualTo("line number 499");
  }

  @Test
  void goesOnWhereAnEarlierRunEnded() throws Exception {
    var file = folder.resolve("x.log");
    try (var log = new BoundedLog(file, 1_000)) {
      log.line("one");
    }
    try (var log = new BoundedLog(file, 1_000)) {
      log.line("two");
    }

    assertThat(Files.readAllLines(file)).containsExactly("one", "two");
  }

  @Test
  void remembersTheNewestLines() {
    try (var log = new BoundedLog(folder.resolve("x.log"), 1_000_000)) {
      for (int i = 0; i < 100; i++) {
        log.line("line " + i);
      }

      assertThat(log.lastLines()).hasSize(20).first().isEqualTo("line 80");
    }
  }
}
