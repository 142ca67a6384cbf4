package dev.postern.ops.jobs;

import dev.postern.gateway.admin.ModelJob;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A job's work while it runs. */
interface Study {
  /** Starts them. */
  interface Starter {
    Study start(ModelJob job) throws IOException;

    /** Removes what studies left that were killed with everything else. */
    void clear();
  }

  /**
   * How it ended.
   *
   * @param digest of the format that it stored, if any
   * @param error in words; null when it succeeded
   */
  record Outcome(@Nullable String digest, @Nullable String error) {}

  /** Waits for its end. */
  Outcome await(Consumer<ProgressLine> progress) throws IOException, InterruptedException;

  /** Ends it at once; what it was making is removed. Again is no error. */
  void kill();
}
