package dev.postern.ops.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A short command whose end is waited for. */
public record Command(List<String> words) {
  public Command {
    words = List.copyOf(words);
  }

  /** What a command answered; {@code output} is standard output and error together. */
  public record Result(int exit, String output) {
    public boolean succeeded() {
      return exit == 0;
    }
  }

  /** The words of {@code prefix}, then {@code words}. */
  public static Command of(List<String> prefix, String... words) {
    var all = new ArrayList<>(prefix);
    all.addAll(List.of(words));
    return new Command(all);
  }

  public static boolean onPath(String program) {
    for (var folder : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }

  public Result run(Duration limit) throws IOException, InterruptedException {
    return run("", limit);
  }

  /** Runs it with {@code input} on standard input and kills it after {@code limit}. */
  public Result run(String input, Duration limit) throws IOException, InterruptedException {
    var builder = new ProcessBuilder(words).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    var process = builder.start();
    var overdue =
        CompletableFuture.runAsync(
            process::destroyForcibly,
            CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS));
    try {
      try (var stdin = process.getOutputStream()) {
        stdin.write(input.getBytes(UTF_8));
      } catch (IOException e) {
        // It ended without reading its input; the exit code says why.
      }
      var output = new String(process.getInputStream().readAllBytes(), UTF_8);
      return new Result(process.waitFor(), output);
    } finally {
      overdue.cancel(false);
      process.destroyForcibly();
    }
  }

  /** As {@link #run(Duration)}; a failure becomes an exception with the command's own words. */
  public void require(String input, Duration limit) throws IOException, InterruptedException {
    var result = run(input, limit);
    if (!result.succeeded()) {
      throw new IOException(
          words.getFirst() + " … failed (exit " + result.exit() + "):\n" + result.output().strip());
    }
  }
}
