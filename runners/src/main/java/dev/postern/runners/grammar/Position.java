package dev.postern.runners.grammar;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All the places where a text may stand: several where the grammar cannot tell yet. Only frames
 * that can take a byte are in it.
 *
 * @param complete whether the text may end here
 */
record Position(List<Frame> frames, boolean complete) {
  /** More readings of one text than any sensible grammar has; further ones are given up. */
  private static final int MOST_FRAMES = 128;

  private static final Position NOWHERE = new Position(List.of(), false);

  static Position start(Automaton automaton) {
    return at(automaton, new Frame(automaton.start(0), 0, Expression.UNBOUNDED, null));
  }

  /** In a frame, or in what it calls or returns to without a byte. */
  static Position at(Automaton automaton, Frame frame) {
    var builder = new Builder(automaton, null);
    builder.enter(frame);
    return builder.position();
  }

  /** Behind one more byte; without frames and not complete where that byte is not allowed. */
  Position after(Automaton automaton, int value) {
    if (frames.size() == 1) {
      Position easy = plainStep(automaton, frames.getFirst(), value);
      if (easy != null) {
        return easy;
      }
    }
    var builder = new Builder(automaton, null);
    frames.forEach(frame -> builder.step(frame, value));
    return builder.position();
  }

  /** A step within one rule, which most are; null where it is more than that. */
  @Nullable Position plainStep(Automaton automaton, Frame frame, int value) {
    int next = automaton.next(frame.state, value);
    if (next < 0) {
      return NOWHERE;
    }
    if (automaton.endsRound(frame.state) || automaton.endsRound(next)) {
      boolean counting = frame.least > 0 || frame.most != Expression.UNBOUNDED;
      if (counting) {
        return null;
      }
    }
    if (automaton.isFinal(next) || !automaton.calls(next).isEmpty()) {
      return null;
    }
    return next == frame.state && !complete
        ? this
        : new Position(List.of(new Frame(next, frame.least, frame.most, frame.below)), false);
  }

  Position after(Automaton automaton, byte[] bytes) {
    Position position = this;
    for (byte b : bytes) {
      position = position.after(automaton, b & 0xff);
    }
    return position;
  }

  boolean dead() {
    return frames.isEmpty() && !complete;
  }

  /** Collects where one byte leads. */
  static final class Builder {
    private final Automaton automaton;
    private final @Nullable Frame floor;
    private final List<Frame> frames = new ArrayList<>(2);
    private boolean complete;
    private int roundsLeft;

    /**
     * @param floor a frame that is not really there: what returns to it counts as complete
     */
    Builder(Automaton automaton, @Nullable Frame floor) {
      this.automaton = automaton;
      this.floor = floor;
    }

    void step(Frame frame, int value) {
      if (automaton.endsRound(frame.state)) {
        boolean ends = value == automaton.countedEnd();
        if (ends ? frame.least > 0 : frame.most == 0) {
          return;
        }
      }
      int next = automaton.next(frame.state, value);
      if (next >= 0) {
        enter(moved(frame, next));
      }
    }

    /** A round that is over counts. */
    private Frame moved(Frame frame, int state) {
      return automaton.endsRound(state)
          ? new Frame(
              state,
              Math.max(0, frame.least - 1),
              frame.most == Expression.UNBOUNDED ? frame.most : frame.most - 1,
              frame.below)
          : new Frame(state, frame.least, frame.most, frame.below);
    }

    /** Takes a frame in with all that it can call and return to without a byte. */
    void enter(Frame frame) {
      if (frames.size() >= MOST_FRAMES || frames.contains(frame)) {
        return;
      }
      if (automaton.hasBytes(frame.state)) {
        frames.add(frame);
      }
      for (var call : automaton.calls(frame.state)) {
        enter(
            new Frame(
                automaton.start(call.rule()),
                call.least(),
                call.most(),
                new Frame(call.target(), frame.least, frame.most, frame.below)));
      }
      if (automaton.isFinal(frame.state)) {
        if (frame.below == floor) {
          complete = true;
          roundsLeft = frame.most;
        } else if (frame.below != null) {
          enter(frame.below);
        }
      }
    }

    /** {@link Frame#most} of the frame that returned to the floor. */
    int roundsLeft() {
      return roundsLeft;
    }

    Position position() {
      return new Position(List.copyOf(frames), complete);
    }
  }
}
