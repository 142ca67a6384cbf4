package dev.postern.runners.importer;

/** Names that files or people give, made fit for a list and a log. */
public final class DisplayName {
  private static final int MAX_LENGTH = 200;

  private DisplayName() {}

  /** The name on one line, cut where it is too long. */
  public static String of(String given) {
    String plain = given.replaceAll("\\p{Cntrl}", " ").strip();
    return plain.length() > MAX_LENGTH ? plain.substring(0, MAX_LENGTH) : plain;
  }
}
