package dev.postern.runners.adapter;

/**
 * Where a model's adapters take their memory from. Any thread. What was taken and not given back is
 * free when the model is gone.
 */
public interface AdapterMemory {
  /** Without a limit but the one that {@link Adapters} has. */
  AdapterMemory UNBOUNDED =
      new AdapterMemory() {
        @Override
        public boolean take(long bytes) {
          return true;
        }

        @Override
        public void give(long bytes) {}
      };

  /** Returns whether there was room. */
  boolean take(long bytes);

  void give(long bytes);
}
