package dev.postern.runners.adapter;

import static dev.postern.runners.adapter.SiteChange.GROUP;
import static dev.postern.runners.adapter.SiteChange.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.postern.runners.adapter.SiteChange.Numbers;
import dev.postern.runners.adapter.SiteChange.Part;
import java.lang.foreign.MemorySegment;

/**
 * {@code y += up · (down · x)} for rows of a batch, and the arrays for it. One object a thread. The
 * order of additions is fixed: a row's result depends on its input and its adapter alone.
 *
 * <p>Loops are long, over whole arrays from 0 on, for the compiler to make vector instructions of
 * them: it does not where two arrays of one type are read at different places, nor of a sum. So the
 * input is written once for each rank, and one loop multiplies all ranks with it.
 */
public final class LowRankProduct {
  private final float[][] input = new float[LANES][0];
  private float[] products = new float[0];
  private float[] inner = new float[0];
  private float[] output = new float[0];

  /**
   * Applies an adapter to some positions of one row.
   *
   * @param site number of the product that the adapter adds to
   * @param in the positions' inputs, one after the other
   * @param inputs numbers of each
   * @param out the positions' products, which are added to
   * @param outputs numbers of each
   */
  public void apply(
      LoadedAdapter adapter,
      int site,
      int positions,
      MemorySegment in,
      int inputs,
      MemorySegment out,
      int outputs) {
    SiteChange change = adapter.at(site);
    if (change == null) {
      return;
    }
    if (change.inputs() != inputs) {
      throw new IllegalStateException("an adapter does not fit the product " + site);
    }
    for (int position = 0; position < positions; position++) {
      read(in, (long) position * inputs, change);
      multiply(change);
      for (Part part : change.parts()) {
        if (part.first() + part.outputs() > outputs) {
          throw new IllegalStateException("an adapter does not fit the product " + site);
        }
        add(out, 4 * ((long) position * outputs + part.first()), part);
      }
    }
  }

  /** Each lane of the input, once for each rank. */
  private void read(MemorySegment in, long first, SiteChange change) {
    int lane = change.lane();
    int width = change.ranks() * lane;
    for (int i = 0; i < LANES; i++) {
      input[i] = room(input[i], width);
      float[] repeated = input[i];
      int from = Math.min(i * lane, change.inputs());
      int count = Math.min(lane, change.inputs() - from);
      MemorySegment.copy(in, JAVA_FLOAT, 4 * (first + from), repeated, 0, count);
      for (int at = count; at < lane; at++) {
        repeated[at] = 0;
      }
      int written = lane;
      while (written < width) {
        int more = Math.min(written, width - written);
        System.arraycopy(repeated, 0, repeated, written, more);
        written += more;
      }
    }
  }

  private void multiply(SiteChange change) {
    int lane = change.lane();
    int width = change.ranks() * lane;
    products = room(products, width);
    inner = room(inner, change.ranks());
    switch (change.down()) {
      case Numbers.Floats(float[][] down) ->
          multiply(
              down[0], down[1], down[2], down[3], input[0], input[1], input[2], input[3], products,
              width);
      case Numbers.Bytes(byte[][] down) ->
          multiply(
              down[0], down[1], down[2], down[3], input[0], input[1], input[2], input[3], products,
              width);
    }
    for (int rank = 0; rank < change.ranks(); rank++) {
      inner[rank] = sum(products, rank * lane, lane) * change.scales()[rank];
    }
  }

  private void add(MemorySegment out, long at, Part part) {
    int outputs = part.outputs();
    output = room(output, outputs);
    MemorySegment.copy(out, JAVA_FLOAT, at, output, 0, outputs);
    for (int rank = 0; rank < part.up().count(); rank += GROUP) {
      float a = inner[part.rank() + rank];
      float b = inner[part.rank() + rank + 1];
      float c = inner[part.rank() + rank + 2];
      float d = inner[part.rank() + rank + 3];
      switch (part.up()) {
        case Numbers.Floats(float[][] up) ->
            add(up[rank], up[rank + 1], up[rank + 2], up[rank + 3], a, b, c, d, output, outputs);
        case Numbers.Bytes(byte[][] up) ->
            add(up[rank], up[rank + 1], up[rank + 2], up[rank + 3], a, b, c, d, output, outputs);
      }
    }
    MemorySegment.copy(output, 0, out, JAVA_FLOAT, at, outputs);
  }

  private static float[] room(float[] array, int length) {
    return array.length < length ? new float[length] : array;
  }

  private static void multiply(
      float[] a,
      float[] b,
      float[] c,
      float[] d,
      float[] x,
      float[] y,
      float[] z,
      float[] w,
      float[] into,
      int count) {
    for (int i = 0; i < count; i++) {
      into[i] = (a[i] * x[i] + b[i] * y[i]) + (c[i] * z[i] + d[i] * w[i]);
    }
  }

  private static void multiply(
      byte[] a,
      byte[] b,
      byte[] c,
      byte[] d,
      float[] x,
      float[] y,
      float[] z,
      float[] w,
      float[] into,
      int count) {
    for (int i = 0; i < count; i++) {
      into[i] = (a[i] * x[i] + b[i] * y[i]) + (c[i] * z[i] + d[i] * w[i]);
    }
  }

  private static void add(
      float[] a,
      float[] b,
      float[] c,
      float[] d,
      float f,
      float g,
      float h,
      float k,
      float[] into,
      int count) {
    for (int i = 0; i < count; i++) {
      into[i] += (f * a[i] + g * b[i]) + (h * c[i] + k * d[i]);
    }
  }

  private static void add(
      byte[] a,
      byte[] b,
      byte[] c,
      byte[] d,
      float f,
      float g,
      float h,
      float k,
      float[] into,
      int count) {
    for (int i = 0; i < count; i++) {
      into[i] += (f * a[i] + g * b[i]) + (h * c[i] + k * d[i]);
    }
  }

  /** In eight parts; the count is a multiple of eight. */
  private static float sum(float[] values, int first, int count) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    for (int i = first; i < first + count; i += 8) {
      a += values[i];
      b += values[i + 1];
      c += values[i + 2];
      d += values[i + 3];
      e += values[i + 4];
      f += values[i + 5];
      g += values[i + 6];
      h += values[i + 7];
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }
}
