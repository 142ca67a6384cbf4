package dev.postern.runners.quality;

/** Hears how far the work on a model's formats has come, from the working thread. */
@FunctionalInterface
public interface StudyProgress {
  /** For callers that do not show it. */
  StudyProgress NONE = (step, share) -> {};

  /**
   * @param step what is being done, for a person to read
   * @param share of this step that is done, 0 to 1
   */
  void at(String step, double share);
}
