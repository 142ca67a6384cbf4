package dev.postern.gateway.inspect;

/** Finds where a finding ends that was sure before its end was known. */
public interface Tail {

  /**
   * @param from where to look on: the end of the match, or what the last call asked for
   * @return the end of the finding, exclusive; or, when it goes on beyond this text, {@code ~next}
   *     with the position to look on from
   */
  int end(Window text, int from);

  /** A tail of any number of characters of one set. */
  static Tail of(CharSet set) {
    return (text, from) -> {
      int at = from;
      while (at < text.length() && set.contains(text.at(at))) {
        at++;
      }
      return at < text.length() || text.complete() ? at : ~at;
    };
  }
}
