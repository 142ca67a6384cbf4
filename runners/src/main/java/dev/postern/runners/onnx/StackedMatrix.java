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
    Place place = place(index);
    place.part.row(place.row, values);
  }

  @Override
  public boolean blocks(int index, byte[] codes, float[] scales) {
    Place place = place(index);
    return place.part.blocks(place.row, codes, scales);
  }

  @Override
  public void steps(int index, float[] steps) {
    Place place = place(index);
    place.part.steps(place.row, steps);
  }

  private record Place(Matrix part, int row) {}

  private Place place(int index) {
    int row = index;
    for (Matrix part : parts) {
      if (row < part.rows()) {
        return new Place(part, row);
      }
      row -= part.rows();
    }
    throw new IndexOutOfBoundsException(index);
  }
}
