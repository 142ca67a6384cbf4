package dev.postern.ops.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.postern.gateway.admin.ModelJob;
import dev.postern.ops.Home;
import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.process.ChildJvm;
import dev.postern.ops.process.Command;
import dev.postern.runners.quality.Workbench;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The command line's own command, as a process that stands back behind everything that serves: it
 * gets about a tenth of a core that others want too, and where memory runs out it goes first.
 */
final class StudyProcess implements Study {
  private static final Logger log = LoggerFactory.getLogger(StudyProcess.class);
  private static final String MAIN = "dev.postern.ops.Main";
  private static final int HEAP_MEGABYTES = 512;
  private static final String NICENESS = "10";
  private static final String SAYS = "postern: ";

  private final Process process;
  private final Starter starter;

  private StudyProcess(Process process, Starter starter) {
    this.process = process;
    this.starter = starter;
  }

  /**
   * Of the models of a home.
   *
   * @param cache where they lie
   * @param output receives what the processes say beside their progress
   */
  record Starter(Home home, Path cache, BoundedLog output) implements Study.Starter {
    /** To be called on a thread that lives as long as the process may. */
    @Override
    public StudyProcess start(ModelJob job) throws IOException {
      var builder = new ProcessBuilder(words(home, job)).redirectErrorStream(true);
      builder.environment().put("POSTERN_CACHE", cache.toString());
      var process = builder.start();
      process.getOutputStream().close();
      try {
        Files.writeString(Path.of("/proc/" + process.pid() + "/oom_score_adj"), "1000");
      } catch (IOException e) {
        log.debug("the system does not take an order of what to kill first", e);
      }
      return new StudyProcess(process, this);
    }

    @Override
    public void clear() {
      try {
        Workbench.clear(cache);
      } catch (IOException e) {
        log.warn("what a job left could not be removed; the next one removes it", e);
      }
    }
  }

  private static List<String> words(Home home, ModelJob job) {
    var words = new ArrayList<>(ChildJvm.tie());
    if (Command.onPath("nice")) {
      words.addAll(List.of("nice", "-n", NICENESS));
    }
    words.addAll(ChildJvm.java(HEAP_MEGABYTES));
    words.addAll(List.of(MAIN, "model"));
    var target = job.target();
    if (target == null) {
      words.addAll(List.of("inspect", "--measure"));
    } else {
      words.addAll(
          List.of("quantize", "--format", target.format().name().toLowerCase(Locale.ROOT)));
      if (target.maxBytes() != null) {
        words.addAll(List.of("--bytes", target.maxBytes().toString()));
      }
      if (target.maxDivergence() != null) {
        words.addAll(List.of("--kl", target.maxDivergence().toString()));
      }
    }
    words.addAll(List.of("--job", "--home", home.folder().toString(), job.model()));
    return words;
  }

  @Override
  public Outcome await(Consumer<ProgressLine> progress) throws IOException, InterruptedException {
    String digest = null;
    String error = null;
    try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        var said = ProgressLine.parse(line);
        if (said.isPresent()) {
          progress.accept(said.get());
          digest = said.get().digest();
        } else {
          starter.output().line(line);
          error = line.startsWith(SAYS) ? line.substring(SAYS.length()) : error;
        }
      }
    }
    int exit = process.waitFor();
    if (exit == 0) {
      return new Outcome(digest, null);
    }
    starter.clear();
    return new Outcome(null, error == null ? ended(exit) : error);
  }

  private String ended(int exit) {
    return (exit > 128 ? "it was killed" : "it ended with exit code " + exit)
        + "; its output is in "
        + starter.output().file().getFileName();
  }

  @Override
  public void kill() {
    // By its handle: the process itself would close the output that is being read.
    process.toHandle().destroyForcibly();
  }
}
