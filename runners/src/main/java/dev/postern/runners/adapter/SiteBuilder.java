package dev.postern.runners.adapter;

import dev.postern.runners.adapter.SiteChange.Numbers;
import dev.postern.runners.adapter.SiteChange.Part;
import java.util.ArrayList;
import java.util.List;

/** Lays the matrices of a site out as {@link SiteChange} has them. */
final class SiteBuilder {
  private static final int LARGEST_CODE = 127;

  private final boolean exact;

  /**
   * @param exact in floats, and not in eight bits
   */
  SiteBuilder(boolean exact) {
    this.exact = exact;
  }

  /**
   * A pair of matrices.
   *
   * @param first where its outputs begin among the site's
   * @param down rank × inputs
   * @param up outputs × rank
   */
  record Matrices(int first, int rank, int outputs, float[] down, float[] up) {}

  SiteChange build(int inputs, List<Matrices> matrices) {
    int ranks = matrices.stream().mapToInt(pair -> SiteChange.padded(pair.rank())).sum();
    int lane = SiteChange.lane(inputs);
    float[][] down = new float[SiteChange.LANES][ranks * lane];
    float[] scales = new float[ranks];
    List<Part> parts = new ArrayList<>();
    int rank = 0;
    for (Matrices pair : matrices) {
      float[][] up = new float[SiteChange.padded(pair.rank())][pair.outputs()];
      for (int row = 0; row < pair.rank(); row++) {
        float[] inner = new float[inputs];
        System.arraycopy(pair.down(), row * inputs, inner, 0, inputs);
        for (int i = 0; i < pair.outputs(); i++) {
          up[row][i] = pair.up()[i * pair.rank() + row];
        }
        scales[rank + row] = exact ? 1 : inEightBits(inner) * inEightBits(up[row]);
        for (int i = 0; i < inputs; i++) {
          down[i / lane][(rank + row) * lane + i % lane] = inner[i];
        }
      }
      parts.add(new Part(pair.first(), pair.outputs(), rank, numbers(up)));
      rank += up.length;
    }
    return new SiteChange(inputs, lane, ranks, numbers(down), scales, List.copyOf(parts));
  }

  /** Makes codes of the values, and returns what one step of them is worth. */
  private static float inEightBits(float[] values) {
    float largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    float step = Math.max(largest / LARGEST_CODE, Float.MIN_NORMAL);
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.round(values[i] / step);
    }
    return step;
  }

  private Numbers numbers(float[][] values) {
    if (exact) {
      return new Numbers.Floats(values);
    }
    byte[][] codes = new byte[values.length][values[0].length];
    for (int row = 0; row < codes.length; row++) {
      for (int i = 0; i < codes[row].length; i++) {
        codes[row][i] = (byte) values[row][i];
      }
    }
    return new Numbers.Bytes(codes);
  }
}
