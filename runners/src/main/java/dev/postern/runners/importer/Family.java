package dev.postern.runners.importer;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.importer.DecoderConfig.Activation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What sets a family of decoders apart. All are read from {@code families.json}: a new one that
 * does nothing new is an entry there.
 *
 * @param gguf its {@code general.architecture}
 * @param modelTypes its {@code model_type} in a config.json
 * @param activation null for SiLU
 * @param interleavedGguf whether GGUF converters interleave the halves of q's and k's heads
 * @param scaledEmbedding whether embeddings are multiplied with the square root of the width
 * @param normsFromOne whether safetensors keep norm weights less one
 * @param fullEvery of so many layers the last sees the whole context and the others have a window;
 *     0 where all layers do as the configuration says
 * @param unrotatedEvery of so many layers the last does not turn its heads; 0 for none
 * @param localRopeBase rotary base of the layers with a window; null where it is the others'
 * @param wideQueryLayers a GGUF with so many layers scales scores by width / heads and not by the
 *     head's width; the format has no key for it
 * @param defaults values of config.json that its makers leave out
 * @param ggufNames where tensors are called otherwise than usual
 * @param huggingFaceNames the same for safetensors
 */
record Family(
    String name,
    String gguf,
    List<String> modelTypes,
    @Nullable Activation activation,
    boolean interleavedGguf,
    boolean scaledEmbedding,
    boolean normsFromOne,
    int fullEvery,
    int unrotatedEvery,
    @Nullable Double localRopeBase,
    int wideQueryLayers,
    @Nullable ObjectNode defaults,
    @Nullable Map<String, String> ggufNames,
    @Nullable Map<String, String> huggingFaceNames) {

  private record Usual(
      Map<String, String> gguf, @JsonProperty("hugging_face") Map<String, String> huggingFace) {}

  private record Catalogue(Usual names, List<Family> families) {}

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();
  private static final Catalogue KNOWN = read();

  private static Catalogue read() {
    try (InputStream in = Family.class.getResourceAsStream("families.json")) {
      return MAPPER.readValue(in, Catalogue.class);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  static Family ofGguf(String architecture) {
    return KNOWN.families.stream()
        .filter(family -> family.gguf.equals(architecture))
        .findFirst()
        .orElseThrow(() -> unknown("architecture", architecture));
  }

  static Optional<Family> ofModelType(String modelType) {
    return KNOWN.families.stream()
        .filter(family -> family.modelTypes.contains(modelType))
        .findFirst();
  }

  static ImportException unknown(String what, String name) {
    String known =
        KNOWN.families.stream()
            .flatMap(family -> family.modelTypes.stream())
            .collect(Collectors.joining(", "));
    return ImportException.unsupported(
        "its %s is %s; known are %s".formatted(what, ImportException.quoted(name), known));
  }

  /** From canonical names (see {@link WeightSource}) to a GGUF's; {@code *} stands for a layer. */
  Map<String, String> namesInGguf() {
    return merged(KNOWN.names.gguf, ggufNames);
  }

  /** From canonical names to those of safetensors files. */
  Map<String, String> namesInHuggingFace() {
    return merged(KNOWN.names.huggingFace, huggingFaceNames);
  }

  Activation activationOrSilu() {
    return activation == null ? Activation.SILU : activation;
  }

  /** Whether a layer sees the whole context in a model that has a window. */
  boolean seesAll(int layer) {
    return fullEvery > 0 && layer % fullEvery == fullEvery - 1;
  }

  /** The layers that do not turn their heads. */
  List<Integer> unrotated(int layers) {
    return unrotatedEvery == 0
        ? List.of()
        : IntStream.range(0, layers)
            .filter(layer -> layer % unrotatedEvery == unrotatedEvery - 1)
            .boxed()
            .toList();
  }

  private static Map<String, String> merged(
      Map<String, String> usual, @Nullable Map<String, String> own) {
    var names = new HashMap<>(usual);
    if (own != null) {
      names.putAll(own);
    }
    return names;
  }
}
