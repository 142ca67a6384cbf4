package dev.postern.runners.ort;

import static dev.postern.runners.ort.CustomOp.Element.FLOAT;
import static dev.postern.runners.ort.CustomOp.Element.LONG;

import dev.postern.runners.adapter.LoadedAdapter;
import dev.postern.runners.adapter.LowRankProduct;
import dev.postern.runners.ort.KernelContext.Rows;
import java.util.List;

/**
 * Adds to a product what each row's adapter changes about its matrix: {@code (product, input,
 * adapters, site) → product}. The adapters are one handle a row, 0 for none, the site is the
 * product's number in the model. A row without an adapter stays as it is; where ONNX Runtime lets
 * the output take the product's place, nothing is copied.
 */
final class AdapterOp {
  static final CustomOp OP =
      new CustomOp(
          "AdapterAdd",
          List.of(FLOAT, FLOAT, LONG, LONG),
          4,
          List.of(FLOAT),
          1,
          AdapterOp::compute,
          true);

  private static final ThreadLocal<LowRankProduct> PRODUCT =
      ThreadLocal.withInitial(LowRankProduct::new);

  private AdapterOp() {}

  private static void compute(KernelContext context) {
    int site = (int) context.input(3).integer(0);
    Rows adapters = context.input(2);
    Rows inputs = context.input(1);
    Rows product = context.input(0);
    Rows output = context.output(0, product.width());
    if (output.address() != product.address()) {
      output.segment().copyFrom(product.segment());
    }
    int rows = adapters.width();
    int positions = rows == 0 ? 0 : product.count() / rows;
    for (int row = 0; row < rows; row++) {
      long handle = adapters.integer(row);
      if (handle != 0) {
        PRODUCT
            .get()
            .apply(
                LoadedAdapter.of(handle),
                site,
                positions,
                inputs.segment(row * positions, positions),
                inputs.width(),
                output.segment(row * positions, positions),
                output.width());
      }
    }
  }
}
