package dev.postern.ops.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SupervisorIT {
  private final BlockingQueue<String> events = new ArrayBlockingQueue<>(100);
  @TempDir Path folder;
  private BoundedLog log;

  @BeforeEach
  void openLog() {
    log = new BoundedLog(folder.resolve("child.log"), 10_000);
  }

  @Test
  void startsAKilledChildAgain() throws Exception {
    try (var supervisor = new Supervisor(new Script("echo ready; exec sleep 100"), log, 1)) {
      supervisor.start().get(10, TimeUnit.SECONDS);
      assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("ready");
      long first = supervisor.pid();

      ProcessHandle.of(first).orElseThrow().destroyForcibly();

      assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("down 137");
      assertThat(events.poll(10, TimeUnit.SECONDS)).isEqualTo("ready");
      assertThat(supervisor.pid()).isNotEqualTo(first);
    }
  }

  @Test
  void saysWhyAChildDidNotStart() throws Exception {
    try (var supervisor = new Supervisor(new Script("echo no room left; exit 3"), log, 2)) {
      assertThatThrownBy(() -> supervisor.start().get(10, TimeUnit.SECONDS))
          .hasMessageContaining("script did not start")
          .hasMessageContaining("no room left");
    }
  }

  @Test
  void killsAChildThatDoesNotStopWhenAsked() throws Exception {
    long pid;
    try (var supervisor =
        new Supervisor(new Script("trap '' TERM; echo ready; while :; do sleep 1; done"), log, 1)) {
      supervisor.start().get(10, TimeUnit.SECONDS);
      pid = supervisor.pid();
    }

    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
  }

  /** A shell script as a child. */
  private final class Script implements Child {
    private final String text;

    Script(String text) {
      this.text = text;
    }

    @Override
    public String name() {
      return "script";
    }

    @Override
    public ProcessBuilder command() {
      return new ProcessBuilder("sh", "-c", text);
    }

    @Override
    public boolean saysReady(String line) {
      return line.equals("ready");
    }

    @Override
    public void onReady() {
      events.add("ready");
    }

    @Override
    public void onDown(int exit) {
      events.add("down " + exit);
    }

    @Override
    public void requestStop(Process process) {
      process.destroy();
    }

    @Override
    public Duration startLimit() {
      return Duration.ofSeconds(10);
    }

    @Override
    public Duration stopLimit() {
      return Duration.ofSeconds(1);
    }
  }
}
