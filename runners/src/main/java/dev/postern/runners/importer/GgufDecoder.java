package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.tokenizer.TokenizerJson;
import dev.postern.runners.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads a decoder's shape and weights from a GGUF file. */
final class GgufDecoder implements DecoderSource {
  private static final String LLAMA3_FACTORS = "rope_freqs.weight";
  private static final String SHORT_FACTORS = "rope_factors_short.weight";
  private static final String LONG_FACTORS = "rope_factors_long.weight";

  private final Path path;
  private final Gguf file;
  private final String architecture;
  private final Family family;
  private final Map<String, String> names;
  private final DecoderConfig config;

  static GgufDecoder open(Path path) throws IOException {
    Gguf file = Gguf.open(path);
    try {
      return new GgufDecoder(path, file);
    } catch (RuntimeException failure) {
      file.close();
      throw failure;
    }
  }

  private GgufDecoder(Path path, Gguf file) {
    this.path = path;
    this.file = file;
    this.architecture = file.string("general.architecture").orElse("");
    this.family = Family.ofGguf(architecture);
    this.names = family.namesInGguf();
    this.config = readConfig();
  }

  @Override
  public List<Path> files() {
    return List.of(path);
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return file.tensors();
  }

  @Override
  public NamedWeights weights(LongConsumer progress) {
    var quirks = new NamedWeights.Quirks(family.interleavedGguf(), false);
    return new NamedWeights(file.tensors(), names, config, quirks, progress);
  }

  @Override
  public Set<String> readElsewhere() {
    return Set.of(LLAMA3_FACTORS, SHORT_FACTORS, LONG_FACTORS);
  }

  @Override
  public ModelManifest.Tokens tokenizer(Path target) throws IOException {
    Vocabulary vocabulary = GgufVocabulary.read(file, config.vocabulary());
    TokenizerJson.write(vocabulary, target);
    return GgufVocabulary.tokens(file, vocabulary);
  }

  @Override
  public Facts facts() {
    String name =
        file.string("general.name")
            .orElseGet(() -> String.valueOf(path.getFileName()).replaceFirst("\\.gguf$", ""));
    return new Facts(
        name,
        file.string("general.license").orElse(null),
        file.string("tokenizer.chat_template").orElse(null));
  }

  @Override
  public void close() {
    file.close();
  }

  private DecoderConfig readConfig() {
    if (whole("expert_count").orElse(0) > 0) {
      throw unsupported("it is a mixture of experts");
    }
    int layers = required("block_count", DecoderConfig.MAX_LAYERS);
    int width = required("embedding_length", DecoderConfig.MAX_DIMENSION);
    int heads = required("attention.head_count", DecoderConfig.MAX_DIMENSION);
    int headWidth = whole("attention.key_length").orElse(width / heads);
    if (!whole("attention.value_length").orElse(headWidth).equals(headWidth)) {
      throw unsupported("its keys and values are of different widths");
    }
    boolean wideQuery = family.wideQueryLayers() == layers;
    int context = required("context_length", Integer.MAX_VALUE);
    Rotary rotary = rotary(headWidth, context);
    boolean longFactors = file.tensors().containsKey(SHORT_FACTORS);
    int served = longFactors ? Math.min(context, originalContext(context)) : context;
    return new DecoderConfig(
        family.name(),
        layers,
        width,
        heads,
        whole("attention.head_count_kv").orElse(heads),
        headWidth,
        required("feed_forward_length", DecoderConfig.MAX_DIMENSION),
        vocabulary(),
        Math.min(served, DecoderConfig.MAX_CONTEXT),
        (float) positive("attention.layer_norm_rms_epsilon", 1e-5),
        family.activationOrSilu(),
        family.scaledEmbedding() ? (float) Math.sqrt(width) : 1,
        (float) (1 / Math.sqrt(wideQuery ? (double) width / heads : headWidth)),
        cap("attn_logit_softcapping"),
        cap("final_logit_softcapping"),
        has("layer.0.q_norm"),
        has("layer.0.q_bias"),
        has("layer.0.post_attention_norm"),
        !has("head"),
        rotary,
        localRotary(rotary),
        windows(layers),
        family.unrotated(layers));
  }

  private boolean has(String name) {
    return file.tensors().containsKey(NamedWeights.nameInFile(names, name));
  }

  private int vocabulary() {
    StoredTensor embedding = file.tensor("token_embd.weight");
    if (embedding.shape().length != 2 || embedding.shape()[0] > DecoderConfig.MAX_VOCABULARY) {
      throw malformed("its embedding is not a matrix");
    }
    return (int) embedding.shape()[0];
  }

  private Rotary rotary(int headWidth, int context) {
    int width = whole("rope.dimension_count").orElse(headWidth);
    Rotary plain = Rotary.plain(positive("rope.freq_base", 10_000), width);
    if (file.tensors().containsKey(LLAMA3_FACTORS)) {
      return RotaryScaling.given(plain, file.tensor(LLAMA3_FACTORS).floats(), 1);
    }
    if (file.tensors().containsKey(SHORT_FACTORS)) {
      double magnitude = positive("rope.scaling.attn_factor", 1);
      return RotaryScaling.given(plain, file.tensor(SHORT_FACTORS).floats(), magnitude);
    }
    String scaling = file.string(key("rope.scaling.type")).orElse("none");
    double factor = positive("rope.scaling.factor", 1);
    return switch (scaling) {
      case "none" -> plain;
      case "linear" -> RotaryScaling.linear(plain, factor);
      case "yarn" ->
          RotaryScaling.yarn(
              plain,
              factor,
              positive("rope.scaling.yarn_beta_fast", 32),
              positive("rope.scaling.yarn_beta_slow", 1),
              originalContext(context),
              RotaryScaling.yarnMagnitude(factor) * positive("rope.scaling.attn_factor", 1));
      default -> throw unsupported("its rope scaling %s is not known".formatted(quoted(scaling)));
    };
  }

  private int originalContext(int context) {
    return whole("rope.scaling.original_context_length").orElse(context);
  }

  private @Nullable Rotary localRotary(Rotary rotary) {
    Double base = family.localRopeBase();
    return base == null ? null : Rotary.plain(positive("rope.freq_base_swa", base), rotary.width());
  }

  private List<Integer> windows(int layers) {
    int window = whole("attention.sliding_window").orElse(0);
    if (window == 0) {
      return List.of();
    }
    List<Integer> windows = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      windows.add(family.seesAll(layer) ? 0 : window);
    }
    return windows;
  }

  private float cap(String name) {
    return file.has(key(name)) ? (float) positive(name, 1) : 0;
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private int required(String name, int most) {
    int value = whole(name).orElseThrow(() -> malformed("it lacks '" + key(name) + "'"));
    if (value < 1 || value > most) {
      throw malformed("'%s' is %d".formatted(key(name), value));
    }
    return value;
  }

  private Optional<Integer> whole(String name) {
    Optional<Long> value = file.integer(key(name));
    if (value.isPresent() && (value.get() < 0 || value.get() > Integer.MAX_VALUE)) {
      throw malformed("'%s' is %d".formatted(key(name), value.get()));
    }
    return value.map(Long::intValue);
  }

  private double positive(String name, double otherwise) {
    double value = file.number(key(name)).orElse(otherwise);
    if (!(value > 0) || Double.isInfinite(value)) {
      throw malformed("'%s' is %s".formatted(key(name), value));
    }
    return value;
  }
}
