package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

/**
 * The shape of a Llama-family model.
 *
 * @param width of the residual stream
 * @param heads query heads; {@code keyValueHeads} divides them
 * @param contextLength positions the model was trained for, up to {@link #MAX_CONTEXT}
 * @param epsilon of the norms
 * @param ropeBase base of the rotary frequencies
 * @param ropeScale positions are divided by it
 */
public record LlamaConfig(
    int layers,
    int width,
    int heads,
    int keyValueHeads,
    int headWidth,
    int feedForwardWidth,
    int vocabulary,
    int contextLength,
    float epsilon,
    double ropeBase,
    double ropeScale) {

  /** Longer contexts are cut: the rotary tables and the cache are sized by it. */
  static final int MAX_CONTEXT = 32_768;

  private static final int MAX_DIMENSION = 1 << 20;
  private static final int MAX_HEAD_WIDTH = 1024;

  static LlamaConfig of(Gguf file) {
    String architecture = file.string("general.architecture").orElse("");
    if (!architecture.equals("llama")) {
      throw unsupported("its architecture is '" + architecture + "', only 'llama' is known");
    }
    if (file.integer("llama.expert_count").orElse(0L) > 0) {
      throw unsupported("it is a mixture of experts");
    }
    int width = dimension(file, "llama.embedding_length");
    int heads = dimension(file, "llama.attention.head_count");
    int keyValueHeads =
        file.has("llama.attention.head_count_kv")
            ? dimension(file, "llama.attention.head_count_kv")
            : heads;
    int headWidth =
        file.has("llama.attention.key_length")
            ? dimension(file, "llama.attention.key_length")
            : width / heads;
    if (heads % keyValueHeads != 0
        || headWidth % 2 != 0
        || headWidth == 0
        || headWidth > MAX_HEAD_WIDTH) {
      throw malformed("its attention heads have an impossible shape");
    }
    if (file.integer("llama.rope.dimension_count").orElse((long) headWidth) != headWidth) {
      throw unsupported("it rotates only a part of each head");
    }
    Gguf.Tensor embedding = file.tensor("token_embd.weight");
    if (embedding.dimensions().length != 2 || embedding.dimensions()[1] > 1 << 24) {
      throw malformed("its embedding is not a matrix");
    }
    return new LlamaConfig(
        dimension(file, "llama.block_count"),
        width,
        heads,
        keyValueHeads,
        headWidth,
        dimension(file, "llama.feed_forward_length"),
        (int) embedding.dimensions()[1],
        Math.min(dimension(file, "llama.context_length", Integer.MAX_VALUE), MAX_CONTEXT),
        (float) positive(file, "llama.attention.layer_norm_rms_epsilon", 1e-5),
        positive(file, "llama.rope.freq_base", 10_000),
        ropeScale(file));
  }

  private static double ropeScale(Gguf file) {
    String scaling = file.string("llama.rope.scaling.type").orElse("none");
    return switch (scaling) {
      case "none" -> 1;
      case "linear" -> positive(file, "llama.rope.scaling.factor", 1);
      default -> throw unsupported("its rope scaling '" + scaling + "' is not known");
    };
  }

  private static int dimension(Gguf file, String key) {
    return dimension(file, key, MAX_DIMENSION);
  }

  private static int dimension(Gguf file, String key, int most) {
    long value = file.integer(key).orElseThrow(() -> malformed("it lacks '" + key + "'"));
    if (value < 1 || value > most) {
      throw malformed("'" + key + "' is " + value);
    }
    return (int) value;
  }

  private static double positive(Gguf file, String key, double otherwise) {
    double value = file.number(key).orElse(otherwise);
    if (!(value > 0) || Double.isInfinite(value)) {
      throw malformed("'" + key + "' is " + value);
    }
    return value;
  }
}
