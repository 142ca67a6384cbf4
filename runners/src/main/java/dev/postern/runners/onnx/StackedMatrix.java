package dev.postern.runners.onnx;

import java.util.List;

/** Packs matrices that share an input, such as query, key and value, into one product. */
final class StackedMatrix implements Matrix {
  private final List<? extends Matrix> parts;

  StackedMatrix(List<? extends Matrix> parts) {
    this.parts = List.copyOf(parts);
    for (Matrix part : this.parts) {
      if (part.columns() != this.parts.getFirst().columns()) {
        throw new IllegalArgumentException("matrices of different width cannot be stacked");
      }
    }
  }

  @Override
  public int rows() {
    return parts.stream().mapToInt(Matrix::rows).sum();
  }

  @Override
  public int columns() {
    return parts.getFirst().columns();
  }

  @Override
  public void row(int index, float[] values) {
    int row = index;
    for (Matrix part : parts) {
      if (row < part.rows()) {
        part.row(row, values);
        return;
      }
      row -= part.rows();
    }
    throw new IndexOutOfBoundsException(index);
  }

  @Override
  public boolean blocks(int index, byte[] codes, float[] scales) {
    int row = index;
    for (Matrix part : parts) {
      if (row < part.rows()) {
        return part.blocks(row, codes, scales);
      }
      row -= part.rows();
    }
    throw new IndexOutOfBoundsException(index);
  }
}
