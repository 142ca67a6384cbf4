package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The fields that chat and text completions share. */
final class CommonFields {
  static final int MAX_CHOICES = 128;
  private static final int MAX_STOPS = 4;
  private static final int MAX_STOP_LENGTH = 1024;
  private static final int MAX_BIASES = 1024;
  private static final int MAX_METADATA = 16;

  private CommonFields() {}

  static String model(Fields body) {
    var model = body.required("model", body.text("model", 256));
    if (model.isBlank()) {
      throw body.invalid("model", "must not be empty");
    }
    return model;
  }

  /** Checks the fields that change nothing at a runner but are wrong in the same way everywhere. */
  static void checkLabels(Fields body) {
    body.text("user", 1024);
    body.text("safety_identifier", 1024);
    body.text("prompt_cache_key", 1024);
    body.flag("store");
    body.oneOf("service_tier", "auto", Set.of("auto", "default", "flex", "scale", "priority"));
    var metadata = body.object("metadata");
    if (metadata == null) {
      return;
    }
    if (metadata.node().size() > MAX_METADATA) {
      throw body.invalid("metadata", "must have at most %d pairs".formatted(MAX_METADATA));
    }
    for (var pair : metadata.node().properties()) {
      if (pair.getKey().length() > 64) {
        throw body.invalid("metadata", "must have keys of at most 64 characters");
      }
      metadata.required(pair.getKey(), metadata.text(pair.getKey(), 512));
    }
  }

  static Sampling sampling(Fields body, boolean logprobs, int topLogprobs) {
    return new Sampling(
        body.number("temperature", 1, 0, 2),
        body.number("top_p", 1, 0, 1),
        body.integer("n", 1, 1, MAX_CHOICES),
        body.integer64("seed"),
        stop(body),
        body.number("presence_penalty", 0, -2, 2),
        body.number("frequency_penalty", 0, -2, 2),
        logitBias(body),
        logprobs,
        topLogprobs,
        topK(body),
        body.number("min_p", 0, 0, 1),
        body.number("typical_p", 1, 0, 1),
        repetitionPenalty(body));
  }

  /** Some clients send -1 for none, others 0. */
  private static int topK(Fields body) {
    return Math.max(0, body.integer("top_k", 0, -1, Integer.MAX_VALUE));
  }

  private static double repetitionPenalty(Fields body) {
    double penalty = body.number("repetition_penalty", 1, 0, 10);
    if (penalty == 0) {
      throw body.invalid("repetition_penalty", "must be above 0; 1 is none");
    }
    return penalty;
  }

  /** Returns {@code stream_options.include_usage}. */
  static boolean includeUsage(Fields body, boolean stream) {
    var options = body.object("stream_options");
    if (options == null) {
      return false;
    }
    if (!stream) {
      throw body.invalid("stream_options", "is only allowed together with 'stream': true");
    }
    options.flag("include_obfuscation");
    return options.flag("include_usage");
  }

  private static List<String> stop(Fields body) {
    var value = body.get("stop");
    if (value == null) {
      return List.of();
    }
    List<String> stops;
    if (value.isTextual()) {
      stops = List.of(value.textValue());
    } else if (value instanceof ArrayNode array) {
      if (array.size() > MAX_STOPS) {
        throw body.invalid("stop", "must have at most %d texts".formatted(MAX_STOPS));
      }
      stops = Fields.each(array, "stop", item -> Fields.text(item.value(), item.path()));
    } else {
      throw Fields.wrongType("stop", "a string or a list of strings", value);
    }
    for (var stop : stops) {
      if (stop.isEmpty() || stop.length() > MAX_STOP_LENGTH) {
        throw body.invalid(
            "stop", "must hold texts of 1 to %d characters".formatted(MAX_STOP_LENGTH));
      }
    }
    return stops;
  }

  private static Map<Integer, Double> logitBias(Fields body) {
    @Nullable Fields biases = body.object("logit_bias");
    if (biases == null) {
      return Map.of();
    }
    if (biases.node().size() > MAX_BIASES) {
      throw body.invalid("logit_bias", "must have at most %d entries".formatted(MAX_BIASES));
    }
    var result = new HashMap<Integer, Double>();
    for (var entry : biases.node().properties()) {
      int id;
      try {
        id = Integer.parseUnsignedInt(entry.getKey());
      } catch (NumberFormatException e) {
        id = -1;
      }
      if (id < 0) {
        throw body.invalid("logit_bias", "must have token ids as keys, such as \"1234\"");
      }
      result.put(id, Fields.number(entry.getValue(), "logit_bias." + id, -100, 100));
    }
    return result;
  }
}
