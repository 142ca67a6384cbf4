package dev.postern.runners.server;

/** Brings model folders into memory. Both methods take their time; any thread. */
interface ModelLoader {
  /**
   * @throws Exception with a message for the operator when the folder is not sound
   */
  ModelFacts inspect(ModelSource source) throws Exception;

  /**
   * @param cacheBytes for keys and values, at least the footprint's least
   * @throws Exception with a message for the operator when the folder cannot be loaded
   */
  LoadedModel load(ModelSource source, long cacheBytes, Progress progress) throws Exception;

  /** Hears how far a load is. */
  @FunctionalInterface
  interface Progress {
    /**
     * @param fraction of the folder's bytes that have been read, 0 to 1
     */
    void at(double fraction);
  }
}
