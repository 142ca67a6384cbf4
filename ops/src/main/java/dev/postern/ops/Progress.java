package dev.postern.ops;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Says on the terminal what takes time. Lines are whole: steps run side by side. */
public final class Progress {
  private final PrintStream out;

  public Progress(PrintStream out) {
    this.out = out;
  }

  public void line(String text) {
    out.println("  " + text);
    out.flush();
  }

  /** A line of the closing screen, as it is. */
  public void plain(String text) {
    out.println(text);
    out.flush();
  }

  /** Runs a step that may take seconds, and says so before and after. */
  public <T> T step(String what, Callable<T> work) throws Exception {
    line(what + " …");
    long began = System.nanoTime();
    T result = work.call();
    line(String.format(Locale.ROOT, "%s: %.1f s", what, (System.nanoTime() - began) / 1e9));
    return result;
  }
}
