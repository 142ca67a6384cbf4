package dev.postern.runners.onnx;

import java.io.IOException;

/** A way to keep weight matrices and to multiply by them. One implementation a format. */
public interface LinearFormat {
  /** Short stable name, part of what identifies an imported model. */
  String name();

  /** Whether inputs of products should be made even in size before anything is stored. */
  default boolean wantsEvenInputs() {
    return false;
  }

  /**
   * What products multiply and give, and what keys and values are kept in. The stream that layers
   * add to is of 32 bits in any case: some models' grows beyond what 16 hold. Adapters can be added
   * to products of 32 bits only.
   */
  default TensorType inside() {
    return TensorType.FLOAT;
  }

  /** Writes the matrix and gives the means to use it in the graph. */
  StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException;

  /** A matrix in the weight file; each of the two uses may be emitted once. */
  interface StoredMatrix {
    /** Emits {@code output = input · matrixᵀ}. */
    String multiply(String input, String output) throws IOException;

    /** Emits the rows that {@code ids} name: an embedding look-up on the same bytes. */
    String rows(String ids, String output) throws IOException;
  }
}
