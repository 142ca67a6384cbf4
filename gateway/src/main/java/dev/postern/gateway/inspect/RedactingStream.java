package dev.postern.gateway.inspect;

import dev.postern.registry.GuardrailPolicy.Action;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Applies a policy to text that comes in pieces. The joined output depends on the joined input
 * alone, never on where it was cut, because each detector's findings do (see {@link Detector}) and
 * a finding is acted on only once no finding that starts before it can still appear.
 *
 * <p>Findings that overlap are replaced together, from the first one's start to the last one's end,
 * by the placeholder of the one that starts first. One that blocks ends the text at its start. At
 * most {@link Window#MAX_HOLD} characters are held back; findings of checks that only flag hold
 * nothing back.
 */
final class RedactingStream implements OutputInspector.TextStream {
  /** Enough dead text to be worth moving the rest. */
  private static final int DISCARD_STEP = 1024;

  private final Window window;
  private final List<Cursor> cursors = new ArrayList<>();
  private final PriorityQueue<Found> pending = new PriorityQueue<>();
  private final List<Found> growing = new ArrayList<>();
  private final Map<String, Finding> findings = new LinkedHashMap<>();

  /** All text before is on its way to the client or replaced. */
  private int released;

  private boolean blocked;

  RedactingStream(InspectionPlan plan) {
    this(plan, 256);
  }

  private RedactingStream(InspectionPlan plan, int capacity) {
    window = new Window(capacity);
    for (var check : plan.checks()) {
      cursors.add(new Cursor(check));
    }
  }

  /** Applies a policy to a text that is there as a whole. */
  static Result inspect(InspectionPlan plan, String text) {
    var stream = new RedactingStream(plan, text.length());
    stream.window.append(text);
    return new Result(stream.finish(), stream.blocked, stream.findings());
  }

  record Result(String text, boolean blocked, List<Finding> findings) {}

  @Override
  public String accept(String delta) {
    if (blocked || delta.isEmpty()) {
      return "";
    }
    window.append(delta);
    return advance();
  }

  @Override
  public String finish() {
    if (blocked) {
      return "";
    }
    window.finish();
    return advance();
  }

  @Override
  public boolean blocked() {
    return blocked;
  }

  @Override
  public List<Finding> findings() {
    return List.copyOf(findings.values());
  }

  private String advance() {
    int settled = window.length();
    for (var cursor : cursors) {
      cursor.advance();
      if (cursor.check.enforced()) {
        settled = Math.min(settled, cursor.position);
      }
    }
    var output = new StringBuilder();
    closeGrown();
    while (!blocked && !pending.isEmpty() && pending.element().start < settled) {
      act(pending.remove(), output);
    }
    if (!blocked) {
      release(settled, output);
      discard();
    }
    return output.toString();
  }

  private void act(Found found, StringBuilder output) {
    boolean opens = found.start >= released;
    if (opens) {
      output.append(window.substring(released, found.start));
    }
    if (opens || found.check.action() == Action.BLOCK) {
      record(found.check);
    }
    if (found.check.action() == Action.BLOCK) {
      blocked = true;
      return;
    }
    if (opens) {
      output.append(found.check.placeholder());
    }
    released = Math.max(released, found.end);
    if (found.open) {
      growing.add(found);
    }
  }

  /** Lets findings that were replaced before their end was known reach as far as they do by now. */
  private void closeGrown() {
    for (var found : growing) {
      released = Math.max(released, found.end);
    }
    growing.removeIf(found -> !found.open);
  }

  private void release(int settled, StringBuilder output) {
    int end = settled;
    if (!pending.isEmpty()) {
      end = Math.min(end, pending.element().start);
    }
    if (end > released && !window.complete() && Character.isHighSurrogate(window.at(end - 1))) {
      end--;
    }
    if (end > released) {
      output.append(window.substring(released, end));
      released = end;
    }
  }

  private void discard() {
    int needed = released;
    for (var cursor : cursors) {
      needed = Math.min(needed, cursor.position);
    }
    int dead = needed - Window.CONTEXT;
    if (dead < DISCARD_STEP || window.complete()) {
      return;
    }
    window.discard(dead);
    released -= dead;
    for (var cursor : cursors) {
      cursor.position -= dead;
    }
    for (var found : pending) {
      found.shift(dead);
    }
    for (var found : growing) {
      found.shift(dead);
    }
  }

  private void record(InspectionPlan.Check check) {
    findings.merge(
        check.detector().name(),
        new Finding(check.detector().name(), check.action(), 1),
        (old, one) -> new Finding(old.detector(), old.action(), old.count() + 1));
  }

  /** How far one check has come. */
  private final class Cursor {
    private final InspectionPlan.Check check;

    /** No finding that starts before is still unknown. */
    private int position;

    private @Nullable Found last;
    private @Nullable Tail tail;

    private Cursor(InspectionPlan.Check check) {
      this.check = check;
    }

    private void advance() {
      while (true) {
        if (tail != null && !followTail()) {
          return;
        }
        switch (check.detector().next(window, position)) {
          case Scan.Match match -> found(match);
          case Scan.Clear clear -> {
            position = clear.live();
            return;
          }
        }
      }
    }

    /** Whether the end of the open finding is reached. */
    private boolean followTail() {
      int end = Objects.requireNonNull(tail).end(window, position);
      boolean ended = end >= 0;
      position = ended ? end : ~end;
      if (last != null) {
        last.end = ended ? end : window.length();
        last.open = !ended;
      }
      if (ended) {
        tail = null;
        last = null;
      }
      return ended;
    }

    private void found(Scan.Match match) {
      position = match.end();
      tail = match.tail();
      if (check.enforced()) {
        last = new Found(check, match.start(), match.end(), tail != null);
        pending.add(last);
      } else {
        record(check);
      }
    }
  }

  private static final class Found implements Comparable<Found> {
    private final InspectionPlan.Check check;
    private int start;
    private int end;
    private boolean open;

    private Found(InspectionPlan.Check check, int start, int end, boolean open) {
      this.check = check;
      this.start = start;
      this.end = end;
      this.open = open;
    }

    private void shift(int count) {
      start -= count;
      end -= count;
    }

    @Override
    public int compareTo(Found other) {
      return start != other.start
          ? Integer.compare(start, other.start)
          : Integer.compare(check.rank(), other.check.rank());
    }
  }
}
