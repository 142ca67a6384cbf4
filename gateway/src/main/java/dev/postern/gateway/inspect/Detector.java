package dev.postern.gateway.inspect;

/**
 * Finds one kind of thing in text that may still be growing.
 *
 * <p>A detector is a pure function of the text: what it finds does not depend on how the text was
 * cut into pieces. For that it keeps three rules.
 *
 * <ul>
 *   <li>It reports a {@link Scan.Match} only when no further text could change its start, its end
 *       or that it is one. What is surely a finding but of unknown length is reported with a {@link
 *       Tail}.
 *   <li>It looks back at most {@link Window#CONTEXT} characters before a match.
 *   <li>{@link Scan.Clear#live} is at most {@link Window#MAX_HOLD} characters before the end of the
 *       text: a candidate that has grown longer is decided, one way or the other.
 * </ul>
 *
 * <p>Positions are UTF-16 code units of the {@link Window}.
 */
public interface Detector {

  /** The name that policies and security events use, such as {@code pii.email}. */
  String name();

  /** Finds the first match that starts at or after {@code from}. */
  Scan next(Window text, int from);
}
