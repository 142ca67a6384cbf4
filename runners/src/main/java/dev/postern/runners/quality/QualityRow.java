package dev.postern.runners.quality;

/**
 * What was measured of one stored format of a model.
 *
 * @param format as {@link dev.postern.runners.onnx.LinearFormat#name} gives it
 * @param model digest of the folder
 * @param bytes on disk
 * @param speed tokens per second of one core, one generation at a time
 * @param speedOfEight the same with eight generations in one batch, all their tokens counted
 * @param divergence mean Kullback-Leibler divergence from the model in floats, in nats
 * @param perplexity over the texts
 * @param floatPerplexity of the model in floats over the same texts
 * @param agreement share of positions where both find the same token likeliest, 0 to 1
 * @param positions how many positions these are means of
 * @param texts SHA-256 of the texts
 * @param measuredAt RFC 3339, UTC
 */
public record QualityRow(
    String format,
    String model,
    long bytes,
    double speed,
    double speedOfEight,
    double divergence,
    double perplexity,
    double floatPerplexity,
    double agreement,
    int positions,
    String texts,
    String measuredAt) {

  /** The most divergence of a format that is chosen by itself. */
  public static final double MOST_DIVERGENCE = 0.010;

  /** How much worse its perplexity may be, as a share. */
  public static final double MOST_PERPLEXITY = 0.005;

  /** How far the perplexity is from the floats' own, as a share; negative when it is lower. */
  public double perplexityChange() {
    return perplexity / floatPerplexity - 1;
  }

  /** Whether answers are as good as the floats' for all that can be told. */
  public boolean faithful() {
    return divergence <= MOST_DIVERGENCE && Math.abs(perplexityChange()) <= MOST_PERPLEXITY;
  }

  /** One figure for a server that is sometimes idle and sometimes full: the geometric mean. */
  public double overallSpeed() {
    return Math.sqrt(speed * speedOfEight);
  }
}
