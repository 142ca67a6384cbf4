package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.encoder.EncoderSettings;
import dev.postern.runners.encoder.Pooling;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder's shape.
 *
 * @param maxTokens positions that a text can have
 * @param firstPosition where they begin in the position table
 * @param epsilon of the norms
 * @param activation of the feed-forward
 * @param headActivation between the head's two matrices
 * @param headPooling of the states that the head reads
 * @param windows by layer: how far to each side attention reaches; 0 for all
 * @param globalBase of the rotation of layers that see all
 * @param localBase of the others'
 * @param labels that the head tells apart; 0 without a head
 */
record EncoderConfig(
    EncoderFamily family,
    int layers,
    int width,
    int heads,
    int feedForward,
    int vocabulary,
    int maxTokens,
    int firstPosition,
    float epsilon,
    Activation activation,
    Activation headActivation,
    Pooling headPooling,
    List<Integer> windows,
    double globalBase,
    double localBase,
    int labels) {

  private static final int MAX_LAYERS = 512;
  private static final int MAX_DIMENSION = 1 << 16;
  private static final int MAX_VOCABULARY = 1 << 22;

  enum Activation {
    GELU,
    GELU_TANH,
    RELU,
    TANH
  }

  EncoderConfig {
    windows = List.copyOf(windows);
  }

  /** Reads a config.json as Hugging Face transformers writes it. */
  static EncoderConfig read(ObjectNode config, EncoderSettings settings) {
    String type = config.path("model_type").asText();
    EncoderFamily family =
        EncoderFamily.ofModelType(type)
            .orElseThrow(() ->
                unsupported(
                    "weights of the encoder family %s are not; its ONNX export may be"
                        .formatted(quoted(type))));
    if (!config.path("position_embedding_type").asText("absolute").equals("absolute")) {
      throw unsupported("its positions are relative");
    }
    boolean distilled = family == EncoderFamily.DISTILBERT;
    int layers = whole(config, distilled ? "n_layers" : "num_hidden_layers", MAX_LAYERS);
    int width = whole(config, distilled ? "dim" : "hidden_size", MAX_DIMENSION);
    int heads = whole(config, distilled ? "n_heads" : "num_attention_heads", MAX_DIMENSION);
    if (width % heads != 0 || width / heads % 2 != 0) {
      throw malformed("its %d heads do not divide its width %d".formatted(heads, width));
    }
    boolean padded = family == EncoderFamily.ROBERTA;
    return new EncoderConfig(
        family,
        layers,
        width,
        heads,
        whole(config, distilled ? "hidden_dim" : "intermediate_size", MAX_DIMENSION),
        whole(config, "vocab_size", MAX_VOCABULARY),
        settings.maxTokens(),
        padded ? config.path("pad_token_id").asInt(1) + 1 : 0,
        (float)
            config
                .path(family.modern() ? "norm_eps" : "layer_norm_eps")
                .asDouble(family.modern() ? 1e-5 : 1e-12),
        activation(
            config.path(
                distilled ? "activation" : family.modern() ? "hidden_activation" : "hidden_act")),
        switch (family) {
          case BERT, ROBERTA -> Activation.TANH;
          case DISTILBERT -> Activation.RELU;
          case MODERNBERT -> activation(config.path("classifier_activation"));
        },
        family.modern() && config.path("classifier_pooling").asText("cls").equals("mean")
            ? Pooling.MEAN
            : Pooling.FIRST,
        windows(config, family, layers),
        base(config, "full_attention", "global_rope_theta", 160_000),
        base(config, "sliding_attention", "local_rope_theta", 10_000),
        settings.labels().size());
  }

  private static int whole(ObjectNode config, String key, int most) {
    JsonNode value = config.path(key);
    if (!value.canConvertToInt() || value.intValue() < 1 || value.intValue() > most) {
      throw malformed("its configuration's '%s' is not from 1 to %d".formatted(key, most));
    }
    return value.intValue();
  }

  private static Activation activation(JsonNode name) {
    return switch (name.asText("gelu")) {
      case "gelu" -> Activation.GELU;
      case "gelu_new", "gelu_pytorch_tanh" -> Activation.GELU_TANH;
      case "relu" -> Activation.RELU;
      default -> throw unsupported("its activation is %s".formatted(quoted(name.asText())));
    };
  }

  private static List<Integer> windows(ObjectNode config, EncoderFamily family, int layers) {
    int every = Math.max(1, config.path("global_attn_every_n_layers").asInt(3));
    int side = config.path("local_attention").asInt(128) / 2;
    var windows = new ArrayList<Integer>();
    for (int layer = 0; layer < layers; layer++) {
      String told = config.path("layer_types").path(layer).asText();
      boolean local = told.isEmpty() ? layer % every != 0 : told.equals("sliding_attention");
      windows.add(family.modern() && local ? side : 0);
    }
    return windows;
  }

  private static double base(ObjectNode config, String kind, String old, double otherwise) {
    JsonNode rotation = config.path("rope_parameters").path(kind);
    if (!rotation.path("rope_type").asText("default").equals("default")) {
      throw unsupported("its positions are stretched");
    }
    double base = rotation.path("rope_theta").asDouble(config.path(old).asDouble(otherwise));
    if (!(base > 1 && base < 1e12)) {
      throw malformed("its rotation has an impossible base");
    }
    return base;
  }

  int headWidth() {
    return width / heads;
  }
}
