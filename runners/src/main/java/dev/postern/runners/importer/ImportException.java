package dev.postern.runners.importer;

import java.io.IOException;

/** Carries an {@link ImportFailure}; its message is the failure's sentence. */
public final class ImportException extends RuntimeException {
  private final transient ImportFailure failure;

  public ImportException(ImportFailure failure) {
    super(failure.sentence());
    this.failure = failure;
  }

  public ImportFailure failure() {
    return failure;
  }

  public static ImportException malformed(String what) {
    return new ImportException(new ImportFailure.Malformed(what));
  }

  public static ImportException unsupported(String what) {
    return new ImportException(new ImportFailure.Unsupported(what));
  }

  public static ImportException unfinished(IOException cause) {
    var failure =
        new ImportException(new ImportFailure.Unfinished(String.valueOf(cause.getMessage())));
    failure.initCause(cause);
    return failure;
  }

  /** A name from a file, fit to be shown. */
  public static String quoted(String name) {
    String shown = name.length() > 80 ? name.substring(0, 80) + "…" : name;
    return "'" + shown.replaceAll("\\p{Cntrl}", "?") + "'";
  }
}
