package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a decoder: all that its graph needs beside the weights. A family (see {@link
 * Family}) is nothing but usual values of it.
 *
 * @param family name of the family it was read as
 * @param width of the residual stream
 * @param heads query heads; {@code keyValueHeads} divides them
 * @param contextLength positions the model was trained for, up to {@link #MAX_CONTEXT}
 * @param epsilon of the norms
 * @param embeddingScale what looked-up embeddings are multiplied with
 * @param queryScale what attention scores are multiplied with
 * @param scoreCap c in {@code c · tanh(score / c)}; 0 for none
 * @param logitCap the same for logits
 * @param queryKeyNorm whether queries and keys are normalised before they turn
 * @param projectionBias whether q, k and v have biases
 * @param postNorms whether attention and feed-forward are normalised again before they are added
 * @param tiedHead whether the embedding serves as the head
 * @param rotary of the layers that see the whole context
 * @param localRotary of the layers with a window; null where it is the same
 * @param windows for each layer how many positions it sees, its own included; 0 for all. Empty
 *     where all layers see all
 * @param unrotated layers in which positions do not turn heads
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record DecoderConfig(
    String family,
    int layers,
    int width,
    int heads,
    int keyValueHeads,
    int headWidth,
    int feedForwardWidth,
    int vocabulary,
    int contextLength,
    float epsilon,
    Activation activation,
    float embeddingScale,
    float queryScale,
    float scoreCap,
    float logitCap,
    boolean queryKeyNorm,
    boolean projectionBias,
    boolean postNorms,
    boolean tiedHead,
    Rotary rotary,
    @Nullable Rotary localRotary,
    List<Integer> windows,
    List<Integer> unrotated) {

  /** Longer contexts are cut: the rotary tables and the cache are sized by it. */
  static final int MAX_CONTEXT = 32_768;

  static final int MAX_LAYERS = 1024;
  static final int MAX_DIMENSION = 1 << 20;
  static final int MAX_VOCABULARY = 1 << 24;
  private static final int MAX_HEAD_WIDTH = 1024;

  /** What the gate goes through. */
  public enum Activation {
    SILU,
    /** The tanh approximation of GELU. */
    GELU_TANH
  }

  public DecoderConfig {
    windows = List.copyOf(windows);
    unrotated = List.copyOf(unrotated);
    if (layers < 1 || layers > MAX_LAYERS) {
      throw malformed("it has %d layers".formatted(layers));
    }
    if (heads % keyValueHeads != 0
        || headWidth < 1
        || headWidth > MAX_HEAD_WIDTH
        || headWidth % 2 != 0
        || (long) heads * headWidth > MAX_DIMENSION) {
      throw malformed("its attention heads have an impossible shape");
    }
    if (headWidth % 8 != 0 || rotary.width() % 16 != 0) {
      throw unsupported("its heads are %d numbers wide".formatted(headWidth));
    }
    if (rotary.width() > headWidth) {
      throw malformed("it rotates more of a head than there is");
    }
    if (!windows.isEmpty() && windows.size() != layers) {
      throw malformed("it has %d windows for %d layers".formatted(windows.size(), layers));
    }
  }

  /** The same with a head of its own. */
  DecoderConfig withOwnHead() {
    return new DecoderConfig(
        family,
        layers,
        width,
        heads,
        keyValueHeads,
        headWidth,
        feedForwardWidth,
        vocabulary,
        contextLength,
        epsilon,
        activation,
        embeddingScale,
        queryScale,
        scoreCap,
        logitCap,
        queryKeyNorm,
        projectionBias,
        postNorms,
        false,
        rotary,
        localRotary,
        windows,
        unrotated);
  }

  public int queryWidth() {
    return heads * headWidth;
  }

  /** Of keys, and of values. */
  public int keyWidth() {
    return keyValueHeads * headWidth;
  }

  /** Bytes of keys and values that one position takes, kept as floats. */
  public long cacheBytesPerToken() {
    return 2L * layers * keyWidth() * Float.BYTES;
  }

  /** Outputs of a product. */
  public int rows(Projection projection) {
    return switch (projection) {
      case Q -> queryWidth();
      case K, V -> keyWidth();
      case GATE, UP -> feedForwardWidth;
      case O, DOWN -> width;
    };
  }

  /** Inputs of a product. */
  public int columns(Projection projection) {
    return switch (projection) {
      case Q, K, V, GATE, UP -> width;
      case O -> queryWidth();
      case DOWN -> feedForwardWidth;
    };
  }

  /** How many positions a layer sees, its own included; 0 for all. */
  public int window(int layer) {
    return windows.isEmpty() ? 0 : windows.get(layer);
  }

  /** How positions turn a layer's heads; null where they do not. */
  public @Nullable Rotary rotary(int layer) {
    if (unrotated.contains(layer)) {
      return null;
    }
    return window(layer) > 0 && localRotary != null ? localRotary : rotary;
  }
}
