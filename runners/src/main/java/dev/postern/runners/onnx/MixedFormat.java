package dev.postern.runners.onnx;

import java.io.IOException;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** Four bits for the products that bear it, another format for all others. */
public final class MixedFormat implements LinearFormat {
  private final LinearFormat fine;
  private final SortedSet<String> coarse;

  /**
   * @param coarse names of the products in four bits
   */
  public MixedFormat(LinearFormat fine, Set<String> coarse) {
    this.fine = fine;
    this.coarse = new TreeSet<>(coarse);
  }

  /** Another choice of products is another format. */
  @Override
  public String name() {
    return "mixed-%d-%08x".formatted(coarse.size(), coarse.hashCode());
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    return coarse.contains(name)
        ? BlockInt4Format.write(graph, name, matrix)
        : fine.store(graph, name, matrix);
  }
}
