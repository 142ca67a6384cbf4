package dev.postern.runners.ort;

import static dev.postern.runners.ort.CustomOp.Element.CODE;
import static dev.postern.runners.ort.CustomOp.Element.FLOAT;

import dev.postern.runners.ort.KernelContext.Rows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands between two products of 8-bit numbers. Each works on rows alone. A quantised tensor
 * is codes {@code [passes, …, width]} and scales {@code [passes, …, 1]}: the value is the sum over
 * the passes of {@code (code - 128) · scale}. One pass is off by up to 1/254 of the row's largest
 * value; a second one codes what the first left over.
 */
final class RowOps {
  private static final int COARSE = 1;
  private static final int FINE = 2;

  /** All of them, as {@code dev.postern.runners.onnx.RowFormat} emits them. */
  static final List<CustomOp> ALL =
      List.of(
          rowQuantize("RowQuantize", COARSE),
          rowQuantize("RowQuantizeFine", FINE),
          new CustomOp("RowScale", List.of(FLOAT, FLOAT), 2, List.of(FLOAT), 1, RowOps::rowScale),
          normQuantize("NormQuantize", COARSE),
          normQuantize("NormQuantizeFine", FINE),
          gateQuantize("SiluQuantize", COARSE, RowWork::silu),
          gateQuantize("SiluQuantizeFine", FINE, RowWork::silu),
          gateQuantize("GeluQuantize", COARSE, RowWork::gelu),
          gateQuantize("GeluQuantizeFine", FINE, RowWork::gelu));

  private RowOps() {}

  /** {@code (x) → (codes, scales)}. */
  private static CustomOp rowQuantize(String name, int passes) {
    return new CustomOp(
        name,
        List.of(FLOAT),
        1,
        List.of(CODE, FLOAT),
        2,
        context -> {
          Rows input = context.input(0);
          var output = Quantised.output(context, passes, input.width());
          float[] row = context.work().values(input.width());
          for (int i = 0; i < input.count(); i++) {
            input.read(i, row);
            output.write(i, row);
          }
        });
  }

  /** {@code (product of codes, their scales) → product}. */
  private static void rowScale(KernelContext context) {
    Rows scales = context.input(1);
    Rows rows = context.input(0);
    context.withoutPasses();
    Rows output = context.output(0, rows.width());
    var product = new Product(context, rows, scales, output.count());
    float[] row = context.work().values(rows.width());
    for (int i = 0; i < output.count(); i++) {
      product.read(i, 0, rows.width(), row);
      output.write(i, row);
    }
  }

  /**
   * Root mean square norm: {@code (x, weight, epsilon, product?, scales?) → (codes, scales, x +
   * product?, normed?)}.
   */
  private static CustomOp normQuantize(String name, int passes) {
    return new CustomOp(
        name,
        List.of(FLOAT, FLOAT, FLOAT, FLOAT, FLOAT),
        3,
        List.of(CODE, FLOAT, FLOAT, FLOAT),
        2,
        context -> {
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
          var output = Quantised.output(context, passes, width);
          var product = added == null ? null : new Product(context, added, scales, input.count());
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
        });
  }

  private interface Gate {
    void apply(float[] gates, float[] others, int width);
  }

  /**
   * {@code (product of gates and, behind them, what they gate; scales?) → (codes, scales, gated?)},
   * half as wide.
   */
  private static CustomOp gateQuantize(String name, int passes, Gate gate) {
    return new CustomOp(
        name,
        List.of(FLOAT, FLOAT),
        1,
        List.of(CODE, FLOAT, FLOAT),
        2,
        context -> {
          Rows scales = context.optionalInput(1);
          Rows rows = context.input(0);
          if (scales != null) {
            context.withoutPasses();
          }
          int width = rows.width() / 2;
          Rows gated = context.optionalOutput(2, width);
          var output = Quantised.output(context, passes, width);
          int count = output.scales.count() / passes;
          var product = new Product(context, rows, scales, count);
          float[] gates = context.work().values(width);
          float[] others = context.work().others(width);
          for (int i = 0; i < count; i++) {
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
   * @param count of rows in a pass
   */
  private record Product(RowWork work, Rows rows, @Nullable Rows scales, int count) {
    Product(KernelContext context, Rows rows, @Nullable Rows scales, int count) {
      this(context.work(), rows, scales, count);
    }

    void read(int row, int first, int width, float[] into) {
      rows.read(row, first, width, into);
      if (scales != null) {
        RowWork.scale(into, scales.number(row), width);
        addPasses(scales, row + count, first, width, into);
      }
    }

    /** The same to the last bit as adding what a node of its own made of the product. */
    void add(int row, float[] into) {
      float[] product = work.others(rows.width());
      read(row, 0, rows.width(), product);
      RowWork.add(into, product, 1, rows.width());
    }

    /** Adds what the row at {@code from} and those of the passes behind it stand for. */
    private void addPasses(Rows scales, int from, int first, int width, float[] into) {
      for (int at = from; at < rows.count(); at += count) {
        float[] addend = work.addend(width);
        rows.read(at, first, width, addend);
        RowWork.add(into, addend, scales.number(at), width);
      }
    }
  }

  /** Codes and scales on their way out. */
  private record Quantised(RowWork work, Rows codes, Rows scales, int passes) {
    static Quantised output(KernelContext context, int passes, int width) {
      return new Quantised(
          context.work(),
          context.outputOfPasses(0, passes, width),
          context.outputOfPasses(1, passes, 1),
          passes);
    }

    /** Spends the values where there is more than one pass. */
    void write(int row, float[] values) {
      int width = codes.width();
      int count = scales.count() / passes;
      byte[] coded = work.codes(width);
      for (int pass = 0; pass < passes; pass++) {
        int at = pass * count + row;
        float step = RowWork.quantise(values, coded, width);
        codes.write(at, coded);
        scales.number(at, step);
        if (pass < passes - 1) {
          RowWork.subtract(values, coded, step, width);
        }
      }
    }
  }
}
