package dev.postern.runners.ort;

import static dev.postern.runners.ort.CustomOp.Element.CODE;
import static dev.postern.runners.ort.CustomOp.Element.FLOAT;

import dev.postern.runners.ort.KernelContext.Rows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands between two products of 8-bit numbers. Each works on rows alone. A quantised tensor
 * is codes {@code […, width]} and scales {@code […, 1]}: {@code (code - 128) · scale} is the row as
 * {@link Hadamard} spreads it, off by up to 1/254 of its largest value. Outputs in floats are not
 * spread.
 */
final class RowOps {
  /** All of them, as {@code dev.postern.runners.onnx.RowFormat} emits them. */
  static final List<CustomOp> ALL =
      List.of(
          new CustomOp(
              "RowQuantize", List.of(FLOAT), 1, List.of(CODE, FLOAT), 2, RowOps::rowQuantize),
          new CustomOp("RowScale", List.of(FLOAT, FLOAT), 2, List.of(FLOAT), 1, RowOps::rowScale),
          new CustomOp(
              "NormQuantize",
              List.of(FLOAT, FLOAT, FLOAT, FLOAT, FLOAT),
              3,
              List.of(CODE, FLOAT, FLOAT, FLOAT),
              2,
              RowOps::normQuantize),
          gateQuantize("SiluQuantize", RowWork::silu),
          gateQuantize("GeluQuantize", RowWork::gelu));

  private RowOps() {}

  /** {@code (x) → (codes, scales)}. */
  private static void rowQuantize(KernelContext context) {
    Rows input = context.input(0);
    var output = Quantised.output(context, input.width());
    float[] row = context.work().values(input.width());
    for (int i = 0; i < input.count(); i++) {
      input.read(i, row);
      output.write(i, row);
    }
  }

  /** {@code (product of codes, their scales) → product}. */
  private static void rowScale(KernelContext context) {
    Rows scales = context.input(1);
    Rows rows = context.input(0);
    Rows output = context.output(0, rows.width());
    var product = new Product(context, rows, scales);
    float[] row = context.work().values(rows.width());
    for (int i = 0; i < rows.count(); i++) {
      product.read(i, 0, rows.width(), row);
      output.write(i, row);
    }
  }

  /**
   * Root mean square norm: {@code (x, weight, epsilon, product?, scales?) → (codes, scales, x +
   * product?, normed?)}.
   */
  private static void normQuantize(KernelContext context) {
    Rows weightRow = context.input(1);
    int width = weightRow.width();
    float[] weights = context.work().weights(width);
    weightRow.read(0, weights);
    float epsilon = context.input(2).number(0);
    Rows added = context.optionalInput(3);
    Rows scales = context.optionalInput(4);
    Rows input = context.input(0);
    Rows sums = context.optionalOutput(2, width);
    Rows normed = context.optionalOutput(3, width);
    var output = Quantised.output(context, width);
    var product = added == null ? null : new Product(context, added, scales);
    float[] row = context.work().values(width);
    for (int i = 0; i < input.count(); i++) {
      input.read(i, row);
      if (product != null) {
        product.add(i, row);
      }
      if (sums != null) {
        sums.write(i, row);
      }
      float size = RowWork.meanSquare(row, width) + epsilon;
      RowWork.scale(row, (float) (1 / Math.sqrt(size)), weights, width);
      if (normed != null) {
        normed.write(i, row);
      }
      output.write(i, row);
    }
  }

  private interface Gate {
    void apply(float[] gates, float[] others, int width);
  }

  /**
   * {@code (product of gates and, behind them, what they gate; scales?) → (codes, scales, gated?)},
   * half as wide.
   */
  private static CustomOp gateQuantize(String name, Gate gate) {
    return new CustomOp(
        name,
        List.of(FLOAT, FLOAT),
        1,
        List.of(CODE, FLOAT, FLOAT),
        2,
        context -> {
          Rows scales = context.optionalInput(1);
          Rows rows = context.input(0);
          int width = rows.width() / 2;
          Rows gated = context.optionalOutput(2, width);
          var output = Quantised.output(context, width);
          var product = new Product(context, rows, scales);
          float[] gates = context.work().values(width);
          float[] others = context.work().others(width);
          for (int i = 0; i < rows.count(); i++) {
            product.read(i, 0, width, gates);
            product.read(i, width, width, others);
            gate.apply(gates, others, width);
            if (gated != null) {
              gated.write(i, gates);
            }
            output.write(i, gates);
          }
        });
  }

  /**
   * What a product of codes is in floats.
   *
   * @param scales null where the product is in floats already
   */
  private record Product(RowWork work, Rows rows, @Nullable Rows scales) {
    Product(KernelContext context, Rows rows, @Nullable Rows scales) {
      this(context.work(), rows, scales);
    }

    void read(int row, int first, int width, float[] into) {
      rows.read(row, first, width, into);
      if (scales != null) {
        RowWork.scale(into, scales.number(row), width);
      }
    }

    /** The same to the last bit as adding what a node of its own made of the product. */
    void add(int row, float[] into) {
      float[] product = work.others(rows.width());
      read(row, 0, rows.width(), product);
      RowWork.add(into, product, rows.width());
    }
  }

  /** Codes and scales on their way out. */
  private record Quantised(RowWork work, Rows codes, Rows scales) {
    static Quantised output(KernelContext context, int width) {
      return new Quantised(context.work(), context.output(0, width), context.output(1, 1));
    }

    /** Spends the values. */
    void write(int row, float[] values) {
      int width = codes.width();
      byte[] coded = work.codes(width);
      work.spread(values, width);
      scales.number(row, RowWork.quantise(values, coded, width));
      codes.write(row, coded);
    }
  }
}
