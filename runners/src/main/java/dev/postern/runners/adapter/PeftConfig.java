package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What an {@code adapter_config.json} says about how the adapter's matrices are applied.
 *
 * @param rank r, where no pattern says otherwise
 * @param alpha lora_alpha, where no pattern says otherwise
 * @param rootScale whether alpha is divided by the root of the rank and not by the rank
 * @param base what the adapter was trained on, as its maker names it
 */
record PeftConfig(
    int rank,
    double alpha,
    boolean rootScale,
    Map<String, Double> ranks,
    Map<String, Double> alphas,
    @Nullable String base) {
  static final int MAX_RANK = 512;
  private static final int MAX_PATTERNS = 4096;

  /** Keys of patterns that are plain names; others are regular expressions. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*");

  /** Ways to start training that leave the base model's weights as they were. */
  private static final Set<String> KEEPS_BASE = Set.of("true", "false", "gaussian", "eva");

  /** Parts of PEFT that change what is computed, by how they are switched off. */
  private static final Set<String> REFUSED =
      Set.of(
          "lora_bias",
          "fan_in_fan_out",
          "modules_to_save",
          "trainable_token_indices",
          "layer_replication",
          "target_parameters",
          "alora_invocation_tokens");

  /** Settings of how training started or ran, which the saved matrices no longer depend on. */
  private static final Set<String> OF_TRAINING =
      Set.of("corda_config", "eva_config", "loftq_config", "lora_ga_config", "megatron_config");

  static PeftConfig read(ObjectNode file) {
    String type = file.path("peft_type").asText("");
    if (!type.equals("LORA")) {
      throw unsupported("the adapter is of type %s, not LORA".formatted(quoted(type)));
    }
    refuseWhatIsNotDone(file);
    int rank = file.path("r").asInt(0);
    double alpha = file.path("lora_alpha").asDouble(0);
    if (rank < 1 || rank > MAX_RANK || !Double.isFinite(alpha)) {
      throw malformed("the adapter's rank or lora_alpha is out of range");
    }
    JsonNode base = file.path("base_model_name_or_path");
    return new PeftConfig(
        rank,
        alpha,
        file.path("use_rslora").asBoolean(false),
        patterns(file, "rank_pattern"),
        patterns(file, "alpha_pattern"),
        base.isTextual() ? base.textValue() : null);
  }

  private static void refuseWhatIsNotDone(ObjectNode file) {
    for (Map.Entry<String, JsonNode> field : file.properties()) {
      String name = field.getKey();
      boolean refused =
          REFUSED.contains(name)
              || name.startsWith("use_") && !name.equals("use_rslora")
              || name.endsWith("_config") && !OF_TRAINING.contains(name);
      if (refused && !isOff(field.getValue())) {
        throw unsupported("the adapter uses %s".formatted(quoted(name)));
      }
    }
    String bias = file.path("bias").asText("none");
    if (!bias.equals("none")) {
      throw unsupported("the adapter has biases (%s)".formatted(quoted(bias)));
    }
    String start = file.path("init_lora_weights").asText("true");
    if (!KEEPS_BASE.contains(start)) {
      throw unsupported(
          "the adapter belongs to changed base weights (init_lora_weights is %s); save it converted"
              .formatted(quoted(start)));
    }
  }

  private static boolean isOff(JsonNode value) {
    return value.isNull()
        || value.isBoolean() && !value.booleanValue()
        || value.isEmpty() && value.isContainerNode();
  }

  private static Map<String, Double> patterns(ObjectNode file, String field) {
    Map<String, Double> patterns = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> pattern : file.path(field).properties()) {
      String key = pattern.getKey();
      if (!PLAIN.matcher(key).matches() || patterns.size() == MAX_PATTERNS) {
        throw unsupported("the adapter's %s has a key %s".formatted(field, quoted(key)));
      }
      if (!pattern.getValue().isNumber() || !Double.isFinite(pattern.getValue().doubleValue())) {
        throw malformed("the adapter's %s is not of numbers".formatted(field));
      }
      patterns.put(key, pattern.getValue().doubleValue());
    }
    return patterns;
  }

  /** The rank that a module's matrices must have. */
  int rank(String module) {
    return (int) of(ranks, module, rank);
  }

  /** What a module's change is multiplied with. */
  double scale(String module) {
    double divisor = rootScale ? Math.sqrt(rank(module)) : rank(module);
    return of(alphas, module, alpha) / divisor;
  }

  /** The first pattern that is the module's whole name or its last parts. */
  private static double of(Map<String, Double> patterns, String module, double otherwise) {
    for (Map.Entry<String, Double> pattern : patterns.entrySet()) {
      if (module.equals(pattern.getKey()) || module.endsWith("." + pattern.getKey())) {
        return pattern.getValue();
      }
    }
    return otherwise;
  }
}
