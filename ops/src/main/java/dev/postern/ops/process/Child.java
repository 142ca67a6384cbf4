package dev.postern.ops.process;

import java.io.IOException;
import java.time.Duration;

/** A program that a {@link Supervisor} keeps running. */
public interface Child {
  String name();

  /** Called before every start, so it may also clear away what a crash left. */
  ProcessBuilder command() throws IOException, InterruptedException;

  /** Whether this line of its output says that it serves. */
  boolean saysReady(String line);

  /** It serves; called at the first start and after each restart, on the supervisor's thread. */
  void onReady();

  /** It ended unasked and will be started again. */
  void onDown(int exit);

  /** Asks it to end in order. It is killed when it has not done so within {@link #stopLimit}. */
  void requestStop(Process process) throws IOException, InterruptedException;

  /** How long a start may take before it counts as hanging. */
  Duration startLimit();

  Duration stopLimit();
}
