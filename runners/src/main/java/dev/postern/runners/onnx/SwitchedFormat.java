package dev.postern.runners.onnx;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Every product twice, in floats and in four bits, and an input that chooses: {@code y = floats +
 * switch · (four bits − floats)}. To find out what each costs when it alone is coarse; not to be
 * served.
 */
public final class SwitchedFormat implements LinearFormat {
  /** The graph's input: a float for each of {@link #products}, 0 for floats, 1 for four bits. */
  public static final String SWITCHES = "switches";

  private final List<Product> products = new ArrayList<>();

  /**
   * A product that can be switched.
   *
   * @param weights how many
   * @param coarseBytes it takes in four bits
   */
  public record Product(String name, long weights, long coarseBytes) {}

  /** In the order of their switches. */
  public List<Product> products() {
    return List.copyOf(products);
  }

  @Override
  public String name() {
    return "switched";
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    if (BlockInt4Format.keeps(name)) {
      return new FloatFormat().store(graph, name, matrix);
    }
    if (products.isEmpty()) {
      graph.input(SWITCHES, TensorType.FLOAT, "products");
    }
    int index = products.size();
    long weights = (long) matrix.rows() * matrix.columns();
    products.add(
        new Product(name, weights, BlockInt4Format.bytes(matrix.rows(), matrix.columns())));
    String weight = FloatFormat.write(graph, name, matrix);
    BlockInt4Format.Product coarse = BlockInt4Format.write(graph, name + ".coarse", matrix);
    return new StoredMatrix() {
      @Override
      public String multiply(String input, String output) {
        String exact = FloatFormat.multiply(graph, input, weight, output + ".exact");
        String rounded = coarse.multiply(input, output + ".rounded");
        String lost = graph.op("Sub", List.of(rounded, exact), output + ".lost");
        String choice =
            graph.op(
                "Gather",
                List.of(SWITCHES, graph.scalar(name + ".index", index)),
                output + ".switch",
                Attribute.of("axis", 0));
        String taken = graph.op("Mul", List.of(lost, choice), output + ".taken");
        return graph.op("Add", List.of(exact, taken), output);
      }

      @Override
      public String rows(String ids, String output) {
        throw new IllegalStateException("only embeddings are looked up, and they stay floats");
      }
    };
  }
}
