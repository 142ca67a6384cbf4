package dev.postern.runners.importer;

/** Why a model could not be fetched or imported. */
public sealed interface ImportFailure {
  /** Not a file of the expected format, or damaged. */
  record Malformed(String what) implements ImportFailure {}

  /** A sound file that asks for something this version does not do. */
  record Unsupported(String what) implements ImportFailure {}

  /** A file whose bytes are not the ones that were pinned or recorded. */
  record WrongDigest(String file, String expected, String actual) implements ImportFailure {}

  /** A package could not be had from its registry. */
  record Unreachable(String source, String reason) implements ImportFailure {}

  /** A file could not be read or written: a full disk, a missing right. Nothing is left of it. */
  record Unfinished(String reason) implements ImportFailure {}

  /** One sentence for a person. */
  default String sentence() {
    return switch (this) {
      case Malformed(String what) -> "The model file is not usable: " + what + ".";
      case Unsupported(String what) -> "The model is not supported: " + what + ".";
      case WrongDigest(String file, String expected, String actual) ->
          file + " has SHA-256 " + actual + " where " + expected + " was expected.";
      case Unreachable(String source, String reason) ->
          "Could not fetch " + source + ": " + reason + ".";
      case Unfinished(String reason) -> "The import could not be finished: " + reason + ".";
    };
  }
}
