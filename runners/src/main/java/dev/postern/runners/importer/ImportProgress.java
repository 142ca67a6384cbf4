package dev.postern.runners.importer;

/** Hears how far a fetch or an import has come; called often, from the importing thread. */
@FunctionalInterface
public interface ImportProgress {
  /** For callers that do not draw a bar. */
  ImportProgress NONE = (phase, done, total) -> {};

  /**
   * @param done bytes
   * @param total bytes, or 0 while it is not known
   */
  void at(Phase phase, long done, long total);

  /** What is being done, in order. */
  enum Phase {
    DOWNLOAD,
    /** Reading the source to know whether it was imported before. */
    IDENTIFY,
    CONVERT,
    /** Digests of what was written. */
    SEAL
  }
}
