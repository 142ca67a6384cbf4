package dev.postern.runners.quality;

import ai.onnxruntime.OrtException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt4Format;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.MixedFormat;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.onnx.SwitchedFormat.Product;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Stores a model in a further format and measures it and what was there before. */
public final class Quantization {
  /** What a mixture may cost where no target is given: as much as a default may. */
  public static final double DEFAULT_DIVERGENCE = QualityRow.MOST_DIVERGENCE;

  private final Path cache;
  private final InstantSource clock;

  public Quantization(Path cache, InstantSource clock) {
    this.cache = cache;
    this.clock = clock;
  }

  /** What to make. */
  public sealed interface Target {
    /** Eight bits a weight, multiplied as integers; where this processor does that right. */
    record Integers() implements Target {}

    /** Eight bits a weight, with a scale for each 32. */
    record EightBits() implements Target {}

    /** Sixteen bits a weight, as CUDA devices want it. */
    record Halves() implements Target {}

    /** Four bits a weight; embedding and head eight. */
    record FourBits() implements Target {}

    /**
     * Four bits where that costs least, until the folder is at most this large.
     *
     * @param bytes as close as eight and four bits allow
     */
    record MixedToBytes(long bytes) implements Target {}

    /** Four bits where that costs least, up to this divergence in nats. */
    record MixedToDivergence(double divergence) implements Target {}
  }

  /**
   * @param served what it is compared with
   * @param source the file that it was imported from
   * @return the new folder, or the one that was there already
   * @throws Workbench.Taken when another process is at it
   * @throws IllegalArgumentException when the source is not the model's, or this processor cannot
   *     serve the format
   */
  public ModelFolder run(ModelFolder served, Path source, Target target, StudyProgress progress)
      throws IOException, OrtException {
    try (Workbench bench = Workbench.open(cache, source, progress)) {
      if (!bench.floats().manifest().source().equals(served.manifest().source())) {
        throw new IllegalArgumentException(
            source + " is not the file that the model was imported from");
      }
      LinearFormat format = format(bench, target, served, progress);
      ModelFolder made =
          new ModelImport(cache, format)
              .run(source, null, Workbench.importing("storing " + format.name(), progress));
      new Measurement(bench.floats(), EvaluationTexts.own(), clock)
          .keepMissing(List.of(served, made), progress);
      return made;
    }
  }

  private static LinearFormat format(
      Workbench bench, Target target, ModelFolder served, StudyProgress progress)
      throws IOException, OrtException {
    LinearFormat fine = new BlockInt8Format();
    return switch (target) {
      case Target.Integers() -> {
        if (!ServedFormat.bytesMultiplyExactly()) {
          throw new IllegalArgumentException(
              "this processor does not multiply bytes exactly: int8 would answer wrongly here");
        }
        yield new RowInt8Format();
      }
      case Target.EightBits() -> fine;
      case Target.Halves() -> new HalfFormat();
      case Target.FourBits() -> new BlockInt4Format(fine);
      case Target.MixedToBytes(long bytes) -> {
        try (var sensitivity = Sensitivity.open(bench, EvaluationTexts.own(), progress)) {
          List<Product> order = sensitivity.order(progress);
          yield mixed(fine, smallest(order, allFine(served) - bytes));
        }
      }
      case Target.MixedToDivergence(double divergence) -> {
        try (var sensitivity = Sensitivity.open(bench, EvaluationTexts.own(), progress)) {
          yield mixed(fine, sensitivity.within(sensitivity.order(progress), divergence));
        }
      }
    };
  }

  /** Eight bits and a scale of 32 for each 32: nine bits a weight. */
  private static long fineBytes(long weights) {
    return weights + weights / 8;
  }

  private static long allFine(ModelFolder served) {
    return fineBytes(served.manifest().parameters());
  }

  /** The first products whose coarser form saves so many bytes. */
  static Set<Product> smallest(List<Product> order, long toSave) {
    Set<Product> coarse = new HashSet<>();
    long saved = 0;
    for (Product product : order) {
      if (saved >= toSave) {
        break;
      }
      coarse.add(product);
      saved += fineBytes(product.weights()) - product.coarseBytes();
    }
    return coarse;
  }

  private static LinearFormat mixed(LinearFormat fine, Set<Product> coarse) {
    return new MixedFormat(
        fine, coarse.stream().map(Product::name).collect(Collectors.toUnmodifiableSet()));
  }
}
