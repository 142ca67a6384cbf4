package dev.postern.runners.importer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Prepares a decoder for a format whose products want inputs of even size. */
final class Smoothing {
  /** Between evening out the weights (0) and the inputs (1). */
  private static final double STRENGTH = 0.6;

  private Smoothing() {}

  /** What a graph is made of. */
  record Plan(WeightSource weights, DecoderConfig config) {}

  /**
   * @param texts tokens that the model's activations are measured on
   * @param work the model's folder
   */
  static Plan plan(Plan plan, List<int[]> texts, Path work) throws IOException {
    DecoderConfig config = plan.config();
    Calibration.Sizes sizes = Calibration.measure(plan.weights(), config, texts, work);
    var smoothed = new SmoothedWeights(plan.weights(), config, sizes, STRENGTH);
    smoothed.writeFactors(work.resolve(ModelFolder.CHANNELS));
    return new Plan(smoothed, config.withOwnHead());
  }
}
