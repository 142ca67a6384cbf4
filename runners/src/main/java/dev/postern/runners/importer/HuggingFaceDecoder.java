package dev.postern.runners.importer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder of safetensors with a config.json and a tokenizer.json, as Hugging Face lays it out. */
final class HuggingFaceDecoder implements DecoderSource {
  static final String CONFIG = "config.json";
  private static final int README_BYTES = 1 << 16;
  private static final Pattern LICENCE = Pattern.compile("(?m)^license: *['\"]?([\\w.+-]{1,64})");

  private final Path folder;
  private final ObjectNode settings;
  private final List<Path> shards;
  private final TokenizerFiles tokenizer;
  private final Safetensors weights;
  private final Family family;
  private final Map<String, String> names;
  private final DecoderConfig config;

  static HuggingFaceDecoder open(Path folder) throws IOException {
    ObjectNode settings = JsonFiles.read(folder.resolve(CONFIG));
    Family family = HuggingFaceConfig.family(settings);
    List<Path> shards = WeightShards.of(folder);
    var tokenizer = new TokenizerFiles(folder);
    Safetensors weights = Safetensors.open(shards);
    try {
      return new HuggingFaceDecoder(folder, settings, family, shards, tokenizer, weights);
    } catch (RuntimeException failure) {
      weights.close();
      throw failure;
    }
  }

  private HuggingFaceDecoder(
      Path folder,
      ObjectNode settings,
      Family family,
      List<Path> shards,
      TokenizerFiles tokenizer,
      Safetensors weights) {
    this.folder = folder;
    this.settings = settings;
    this.family = family;
    this.shards = shards;
    this.tokenizer = tokenizer;
    this.weights = weights;
    this.names = family.namesInHuggingFace();
    this.config =
        HuggingFaceConfig.read(
            settings,
            family,
            name -> weights.tensors().containsKey(NamedWeights.nameInFile(names, name)));
  }

  @Override
  public List<Path> files() {
    List<Path> files = new ArrayList<>(shards);
    Stream.of(CONFIG, WeightShards.INDEX, "generation_config.json")
        .map(folder::resolve)
        .filter(Files::isRegularFile)
        .forEach(files::add);
    files.addAll(tokenizer.files());
    return files;
  }

  @Override
  public DecoderConfig config() {
    return config;
  }

  @Override
  public Map<String, StoredTensor> tensors() {
    return weights.tensors();
  }

  @Override
  public NamedWeights weights(LongConsumer progress) {
    var quirks = new NamedWeights.Quirks(false, family.normsFromOne());
    return new NamedWeights(weights.tensors(), names, config, quirks, progress);
  }

  @Override
  public Set<String> readElsewhere() {
    var known = new HashSet<String>();
    if (config.tiedHead()) {
      known.add(NamedWeights.nameInFile(names, "head"));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      // Older checkpoints keep what follows from the configuration.
      known.add("model.layers." + layer + ".self_attn.rotary_emb.inv_freq");
    }
    return known;
  }

  @Override
  public ModelManifest.Tokens tokenizer(Path file) throws IOException {
    ModelManifest.Tokens tokens = tokenizer.tokens(settings, config.vocabulary());
    tokenizer.write(file);
    return tokens;
  }

  @Override
  public Facts facts() throws IOException {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return new Facts(name == null ? "model" : name.toString(), licence(), tokenizer.chatTemplate());
  }

  /** As the README's first lines state it. */
  private @Nullable String licence() throws IOException {
    Path readme = folder.resolve("README.md");
    if (!Files.isRegularFile(readme)) {
      return null;
    }
    try (var in = Files.newInputStream(readme)) {
      String head = new String(in.readNBytes(README_BYTES), StandardCharsets.UTF_8);
      Matcher licence = LICENCE.matcher(head);
      return head.startsWith("---") && licence.find() ? licence.group(1) : null;
    }
  }

  @Override
  public void close() {
    weights.close();
  }
}
