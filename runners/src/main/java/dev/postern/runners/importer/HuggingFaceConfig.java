package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.importer.DecoderConfig.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a decoder's shape from a config.json as Hugging Face transformers writes it, in its version
 * 5 ({@code rope_parameters}) and before ({@code rope_theta}, {@code rope_scaling}).
 */
final class HuggingFaceConfig {
  private final JsonNode config;
  private final Family family;
  private final Predicate<String> has;

  private HuggingFaceConfig(JsonNode config, Family family, Predicate<String> has) {
    this.config = config;
    this.family = family;
    this.has = has;
  }

  static Family family(ObjectNode config) {
    String type = config.path("model_type").asText("");
    if (config.has("quantization_config")) {
      throw unsupported("its weights are quantised in a way that is not known");
    }
    return Family.ofModelType(type).orElseThrow(() -> Family.unknown("model_type", type));
  }

  /**
   * @param has whether the weights have a tensor of this canonical name
   */
  static DecoderConfig read(ObjectNode config, Family family, Predicate<String> has) {
    ObjectNode whole = config.deepCopy();
    ObjectNode defaults = family.defaults();
    if (defaults != null) {
      defaults
          .properties()
          .forEach(entry -> {
            if (!whole.has(entry.getKey())) {
              whole.set(entry.getKey(), entry.getValue());
            }
          });
    }
    return new HuggingFaceConfig(whole, family, has).read();
  }

  private DecoderConfig read() {
    int layers = whole("num_hidden_layers", DecoderConfig.MAX_LAYERS);
    int width = whole("hidden_size", DecoderConfig.MAX_DIMENSION);
    int heads = whole("num_attention_heads", DecoderConfig.MAX_DIMENSION);
    int headWidth =
        given("head_dim") ? whole("head_dim", DecoderConfig.MAX_DIMENSION) : width / heads;
    double queryWidth =
        given("query_pre_attn_scalar")
            ? positive(config, "query_pre_attn_scalar", headWidth)
            : headWidth;
    requireActivation();
    Rotary rotary = rotary(ropeParameters("full_attention"), headWidth);
    return new DecoderConfig(
        family.name(),
        layers,
        width,
        heads,
        given("num_key_value_heads")
            ? whole("num_key_value_heads", DecoderConfig.MAX_DIMENSION)
            : heads,
        headWidth,
        whole("intermediate_size", DecoderConfig.MAX_DIMENSION),
        whole("vocab_size", DecoderConfig.MAX_VOCABULARY),
        Math.min(context(), DecoderConfig.MAX_CONTEXT),
        (float) positive(config, "rms_norm_eps", 1e-6),
        family.activationOrSilu(),
        family.scaledEmbedding() ? (float) Math.sqrt(width) : 1,
        (float) (1 / Math.sqrt(queryWidth)),
        cap("attn_logit_softcapping"),
        cap("final_logit_softcapping"),
        has.test("layer.0.q_norm"),
        has.test("layer.0.q_bias"),
        has.test("layer.0.post_attention_norm"),
        !has.test("head") || config.path("tie_word_embeddings").booleanValue(),
        rotary,
        localRotary(headWidth),
        windows(layers),
        unrotated(layers));
  }

  private void requireActivation() {
    JsonNode named =
        given("hidden_activation") ? config.get("hidden_activation") : config.path("hidden_act");
    String name = named.asText("");
    boolean fits =
        switch (family.activationOrSilu()) {
          case Activation.SILU -> name.isEmpty() || name.equals("silu");
          // The first Gemma's files say "gelu" and mean the approximation.
          case Activation.GELU_TANH ->
              name.isEmpty() || name.equals("gelu_pytorch_tanh") || name.equals("gelu");
        };
    if (!fits) {
      throw unsupported("its activation is %s".formatted(quoted(name)));
    }
  }

  /** The positions that can be served: LongRoPE's and dynamic scaling's second half is not. */
  private int context() {
    int trained = whole("max_position_embeddings", Integer.MAX_VALUE);
    JsonNode rope = ropeParameters("full_attention");
    return switch (ropeType(rope)) {
      case "longrope", "su", "dynamic" -> Math.min(trained, originalContext(rope));
      default -> trained;
    };
  }

  private JsonNode ropeParameters(String layerType) {
    JsonNode parameters = config.path("rope_parameters");
    if (parameters.isObject()) {
      return parameters.has(layerType) ? parameters.get(layerType) : parameters;
    }
    return config.path("rope_scaling");
  }

  private static String ropeType(JsonNode parameters) {
    JsonNode type =
        parameters.has("rope_type") ? parameters.get("rope_type") : parameters.path("type");
    return type.asText("default");
  }

  private Rotary rotary(JsonNode parameters, int headWidth) {
    double base = positive(parameters, "rope_theta", positive(config, "rope_theta", 10_000));
    double part =
        positive(parameters, "partial_rotary_factor", positive(config, "partial_rotary_factor", 1));
    if (part > 1) {
      throw malformed("it rotates more of a head than there is");
    }
    Rotary plain = Rotary.plain(base, (int) (headWidth * part));
    double original = originalContext(parameters);
    double stretched = whole("max_position_embeddings", Integer.MAX_VALUE) / original;
    double factor = positive(parameters, "factor", stretched);
    String type = ropeType(parameters);
    return switch (type) {
      case "default", "dynamic" -> plain;
      case "linear" -> RotaryScaling.linear(plain, factor);
      case "llama3" ->
          RotaryScaling.llama3(
              plain,
              factor,
              positive(parameters, "low_freq_factor", 1),
              positive(parameters, "high_freq_factor", 4),
              original);
      case "yarn" ->
          RotaryScaling.yarn(
              plain,
              factor,
              positive(parameters, "beta_fast", 32),
              positive(parameters, "beta_slow", 1),
              original,
              positive(parameters, "attention_factor", RotaryScaling.yarnMagnitude(factor)));
      case "longrope", "su" ->
          RotaryScaling.given(
              plain,
              factors(parameters.path("short_factor")),
              positive(
                  parameters, "attention_factor", RotaryScaling.longMagnitude(factor, original)));
      default -> throw unsupported("its rope scaling %s is not known".formatted(quoted(type)));
    };
  }

  private static float[] factors(JsonNode list) {
    if (!list.isArray() || list.size() > DecoderConfig.MAX_DIMENSION) {
      throw malformed("it lacks its rotary factors");
    }
    float[] factors = new float[list.size()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = (float) list.get(i).asDouble();
    }
    return factors;
  }

  private int originalContext(JsonNode parameters) {
    String key = "original_max_position_embeddings";
    if (given(key)) {
      return whole(key, Integer.MAX_VALUE);
    }
    double original =
        positive(parameters, key, whole("max_position_embeddings", Integer.MAX_VALUE));
    return (int) Math.min(original, Integer.MAX_VALUE);
  }

  private @Nullable Rotary localRotary(int headWidth) {
    Double base = family.localRopeBase();
    if (base == null) {
      return null;
    }
    JsonNode parameters = config.path("rope_parameters").path("sliding_attention");
    return parameters.isObject()
        ? rotary(parameters, headWidth)
        : Rotary.plain(positive(config, "rope_local_base_freq", base), headWidth);
  }

  private List<Integer> windows(int layers) {
    boolean off = given("use_sliding_window") && !config.get("use_sliding_window").booleanValue();
    if (!given("sliding_window") || off) {
      return List.of();
    }
    int window = whole("sliding_window", Integer.MAX_VALUE);
    List<Integer> windows = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      windows.add(seesAll(layer) ? 0 : window);
    }
    return windows;
  }

  private boolean seesAll(int layer) {
    JsonNode types = config.path("layer_types");
    if (types.isArray()) {
      String type = types.path(layer).asText("");
      return switch (type) {
        case "full_attention" -> true;
        case "sliding_attention" -> false;
        default -> throw unsupported("layer %d is %s".formatted(layer, quoted(type)));
      };
    }
    if (given("max_window_layers")) {
      return layer < config.get("max_window_layers").asInt();
    }
    if (given("sliding_window_pattern")) {
      int every = whole("sliding_window_pattern", DecoderConfig.MAX_LAYERS);
      return layer % every == every - 1;
    }
    return family.seesAll(layer);
  }

  private List<Integer> unrotated(int layers) {
    JsonNode rotated = config.path("no_rope_layers");
    if (!rotated.isArray()) {
      return family.unrotated(layers);
    }
    if (rotated.size() != layers) {
      throw malformed("its no_rope_layers do not match its layers");
    }
    return IntStream.range(0, layers)
        .filter(layer -> rotated.get(layer).asInt() == 0)
        .boxed()
        .toList();
  }

  private float cap(String key) {
    return given(key) ? (float) positive(config, key, 1) : 0;
  }

  private boolean given(String key) {
    return config.hasNonNull(key);
  }

  private int whole(String key, int most) {
    JsonNode value = config.path(key);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw malformed("its config.json lacks '%s'".formatted(key));
    }
    if (value.longValue() < 1 || value.longValue() > most) {
      throw malformed("'%s' is %d".formatted(key, value.longValue()));
    }
    return value.intValue();
  }

  private static double positive(JsonNode from, String key, double otherwise) {
    JsonNode value = from.path(key);
    if (value.isNull() || value instanceof MissingNode) {
      return otherwise;
    }
    double number = value.asDouble(-1);
    if (!(number > 0) || Double.isInfinite(number)) {
      throw malformed("'%s' is %s".formatted(key, value.isNumber() ? value : "not a number"));
    }
    return number;
  }
}
