package dev.postern.runners.engine;

/** Hands out tokens by descending weight, lower id first among equals, sorting only as asked. */
final class TokenHeap {
  private final int[] ids;
  private final double[] weights;
  private int size;

  /**
   * @param ids the heap's own from here on
   */
  TokenHeap(int[] ids, int size, double[] weights) {
    this.ids = ids;
    this.size = size;
    this.weights = weights;
    for (int i = size / 2 - 1; i >= 0; i--) {
      siftDown(i);
    }
  }

  int pop() {
    int top = ids[0];
    ids[0] = ids[--size];
    siftDown(0);
    return top;
  }

  private void siftDown(int from) {
    int at = from;
    while (2 * at + 1 < size) {
      int child = 2 * at + 1;
      if (child + 1 < size && before(ids[child + 1], ids[child])) {
        child++;
      }
      if (!before(ids[child], ids[at])) {
        return;
      }
      int swapped = ids[at];
      ids[at] = ids[child];
      ids[child] = swapped;
      at = child;
    }
  }

  private boolean before(int left, int right) {
    return weights[left] > weights[right] || weights[left] == weights[right] && left < right;
  }
}
