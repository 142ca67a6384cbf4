package dev.postern.runners.importer;

import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** The cosines and sines that attention turns heads by: a table for each way of turning. */
final class RotaryTables {
  private final OnnxGraph graph;
  private final TensorType type;
  private final int positions;
  private final Map<Rotary, Names> written = new HashMap<>();

  /** Constants of shape (positions, width / 2). */
  record Names(String cosines, String sines) {}

  RotaryTables(OnnxGraph graph, TensorType type, int positions) {
    this.graph = graph;
    this.type = type;
    this.positions = positions;
  }

  Names of(Rotary rotary) throws IOException {
    Names names = written.get(rotary);
    if (names == null) {
      String suffix = written.isEmpty() ? "" : "." + written.size();
      names = write(rotary, new Names("cos_cache" + suffix, "sin_cache" + suffix));
      written.put(rotary, names);
    }
    return names;
  }

  private Names write(Rotary rotary, Names names) throws IOException {
    int half = rotary.width() / 2;
    float[] cosines = new float[positions * half];
    float[] sines = new float[positions * half];
    for (int pair = 0; pair < half; pair++) {
      double frequency = rotary.frequency(pair);
      for (int position = 0; position < positions; position++) {
        double angle = position * frequency;
        cosines[position * half + pair] = (float) (StrictMath.cos(angle) * rotary.magnitude());
        sines[position * half + pair] = (float) (StrictMath.sin(angle) * rotary.magnitude());
      }
    }
    graph.constant(names.cosines, type, cosines, positions, half);
    graph.constant(names.sines, type, sines, positions, half);
    return names;
  }
}
