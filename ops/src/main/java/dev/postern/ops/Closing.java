package dev.postern.ops;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends things in the reverse order of their start, each of them even where another fails. */
final class Closing implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Closing.class);

  private final Deque<Step> steps = new ArrayDeque<>();

  private record Step(String what, AutoCloseable end) {}

  /** Adds what has just been started. */
  synchronized void add(String what, AutoCloseable end) {
    steps.push(new Step(what, end));
  }

  @Override
  public synchronized void close() {
    while (!steps.isEmpty()) {
      var step = steps.pop();
      try {
        step.end().close();
      } catch (Exception e) {
        log.warn("{} did not end in order", step.what(), e);
      }
    }
  }
}
