package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A decoder exported to ONNX: a folder as onnx-community lays it out (config.json, onnx/model.onnx)
 * or as onnxruntime-genai does (genai_config.json, which can rename everything). Its weights stay
 * as they are; the graph is made to speak the engine's way, see {@link ExportedGraph}.
 */
final class DecoderExport {
  /** The weight format such a model has by name. */
  static final String FORMAT = "onnx";

  private static final String GENAI = "genai_config.json";
  private static final Pattern DATA_FILE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

  /** A graph is read as a whole. */
  private static final long MAX_GRAPH = 1 << 30;

  private final Path root;
  private final Path graphFile;
  private final ModelProto model;
  private final Map<String, Path> data;
  private final ObjectNode settings;
  private final ExportedGraph.Names names;
  private final DecoderConfig config;
  private final TokenizerFiles tokenizer;

  /** Whether a file or folder is such an export. */
  static boolean is(Path path) {
    if (!Files.isDirectory(path)) {
      return path.toString().endsWith(".onnx");
    }
    return Files.exists(path.resolve(GENAI))
        || !WeightShards.in(path)
            && (Files.exists(path.resolve("onnx/model.onnx"))
                || Files.exists(path.resolve("model.onnx")));
  }

  static DecoderExport open(Path path) throws IOException {
    Path root = path;
    if (!Files.isDirectory(path)) {
      Path folder = path.toAbsolutePath().normalize().getParent();
      root = folder == null ? path : folder;
      Path above = root.getParent();
      if (root.endsWith("onnx") && above != null) {
        root = above;
      }
    }
    return new DecoderExport(root, Files.isDirectory(path) ? null : path);
  }

  private DecoderExport(Path root, @Nullable Path chosen) throws IOException {
    this.root = root;
    boolean genai = Files.isRegularFile(root.resolve(GENAI));
    this.settings = JsonFiles.read(root.resolve(genai ? GENAI : HuggingFaceDecoder.CONFIG));
    JsonNode decoder = settings.path("model").path("decoder");
    this.graphFile = chosen != null ? chosen : graphFile(genai ? decoder : null);
    this.model = read(graphFile);
    this.data = dataFiles();
    this.names = genai ? names(decoder) : ExportedGraph.Names.USUAL;
    this.config =
        genai
            ? genaiConfig(settings.path("model"), decoder)
            : HuggingFaceConfig.read(
                settings, HuggingFaceConfig.family(settings), weight -> weight.equals("head"));
    this.tokenizer = new TokenizerFiles(root);
  }

  private Path graphFile(@Nullable JsonNode decoder) {
    List<String> places =
        decoder == null
            ? List.of("onnx/model.onnx", "model.onnx")
            : List.of(decoder.path("filename").asText("model.onnx"));
    for (String place : places) {
      if (decoder != null && !DATA_FILE.matcher(place).matches()) {
        throw malformed("it names a graph %s".formatted(quoted(place)));
      }
      if (Files.isRegularFile(root.resolve(place))) {
        return root.resolve(place);
      }
    }
    throw malformed("there is no %s".formatted(places.getLast()));
  }

  private static ModelProto read(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_GRAPH || size > Runtime.getRuntime().maxMemory() / 3) {
      throw unsupported(
          "its graph of %d MB is too large; export it with external data".formatted(size >> 20));
    }
    try (var in = Files.newInputStream(file)) {
      return ModelProto.parseFrom(in);
    } catch (InvalidProtocolBufferException failure) {
      throw malformed(file.getFileName() + " is not an ONNX graph");
    }
  }

  /** The files beside the graph that hold its weights, by the names the graph has for them. */
  private Map<String, Path> dataFiles() throws IOException {
    Map<String, Path> files = new TreeMap<>();
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      long offset = 0;
      long length = 0;
      Path file = null;
      for (StringStringEntryProto entry : tensor.getExternalDataList()) {
        switch (entry.getKey()) {
          case "location" -> file = dataFile(entry.getValue());
          case "offset" -> offset = whole(entry.getValue());
          case "length" -> length = whole(entry.getValue());
          default -> {}
        }
      }
      if (file == null) {
        continue;
      }
      if (offset > Files.size(file) || length > Files.size(file) - offset) {
        throw malformed("weight %s lies outside its file".formatted(quoted(tensor.getName())));
      }
      files.put(String.valueOf(file.getFileName()), file);
    }
    return files;
  }

  private Path dataFile(String name) {
    boolean ours =
        List.of(ModelFolder.GRAPH, ModelFolder.TOKENIZER, ModelFolder.MANIFEST).contains(name);
    Path file = graphFile.resolveSibling(name);
    if (ours || !DATA_FILE.matcher(name).matches() || !Files.isRegularFile(file)) {
      throw malformed("its weights are said to be in %s".formatted(quoted(name)));
    }
    return file;
  }

  private static long whole(String text) {
    if (!text.matches("\\d{1,18}")) {
      throw malformed("a weight's place is %s".formatted(quoted(text)));
    }
    return Long.parseLong(text);
  }

  private static ExportedGraph.Names names(JsonNode decoder) {
    ExportedGraph.Names usual = ExportedGraph.Names.USUAL;
    JsonNode in = decoder.path("inputs");
    JsonNode out = decoder.path("outputs");
    return new ExportedGraph.Names(
        in.path("input_ids").asText(usual.ids()),
        in.path("attention_mask").asText(usual.mask()),
        in.path("position_ids").asText(usual.positions()),
        out.path("logits").asText(usual.logits()),
        template(in, "past_key_names", usual.pastKey()),
        template(in, "past_value_names", usual.pastValue()),
        template(out, "present_key_names", usual.presentKey()),
        template(out, "present_value_names", usual.presentValue()));
  }

  private static String template(JsonNode from, String key, String otherwise) {
    String name = from.path(key).asText(otherwise);
    if (!name.matches("[^%]*%d[^%]*")) {
      throw malformed("'%s' is %s".formatted(key, quoted(name)));
    }
    return name;
  }

  /** What onnxruntime-genai tells; the rest is in the graph and nobody else's business. */
  private static DecoderConfig genaiConfig(JsonNode model, JsonNode decoder) {
    int headWidth = whole(decoder, "head_size", DecoderConfig.MAX_DIMENSION);
    return new DecoderConfig(
        model.path("type").asText("unknown"),
        whole(decoder, "num_hidden_layers", DecoderConfig.MAX_LAYERS),
        whole(decoder, "hidden_size", DecoderConfig.MAX_DIMENSION),
        whole(decoder, "num_attention_heads", DecoderConfig.MAX_DIMENSION),
        whole(decoder, "num_key_value_heads", DecoderConfig.MAX_DIMENSION),
        headWidth,
        0,
        whole(model, "vocab_size", DecoderConfig.MAX_VOCABULARY),
        Math.min(whole(model, "context_length", Integer.MAX_VALUE), DecoderConfig.MAX_CONTEXT),
        0,
        DecoderConfig.Activation.SILU,
        1,
        (float) (1 / Math.sqrt(headWidth)),
        0,
        0,
        false,
        false,
        false,
        false,
        Rotary.plain(10_000, headWidth / 16 * 16),
        null,
        List.of(),
        List.of());
  }

  private static int whole(JsonNode from, String key, int most) {
    JsonNode value = from.path(key);
    if (!value.canConvertToLong() || value.longValue() < 1 || value.longValue() > most) {
      throw malformed("'%s' is %s".formatted(key, value.isNumber() ? value : "not there"));
    }
    return value.intValue();
  }

  List<Path> files() {
    List<Path> files = new ArrayList<>(List.of(graphFile));
    files.addAll(data.values());
    for (String name : List.of(GENAI, HuggingFaceDecoder.CONFIG, "generation_config.json")) {
      if (Files.isRegularFile(root.resolve(name))) {
        files.add(root.resolve(name));
      }
    }
    files.addAll(tokenizer.files());
    return files;
  }

  DecoderConfig config() {
    return config;
  }

  String name() {
    Path name = root.toAbsolutePath().normalize().getFileName();
    return name == null ? "model" : name.toString();
  }

  @Nullable String chatTemplate() throws IOException {
    return tokenizer.chatTemplate();
  }

  long parameters() {
    long all = 0;
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      all += tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
    }
    return all;
  }

  /**
   * Writes the graph, its weights and the tokenizer.
   *
   * @return the names of the files written, and which tokens begin and end texts
   */
  Written write(Path folder, ImportProgress progress) throws IOException {
    ModelProto rewritten = ExportedGraph.rewritten(model, names, config);
    List<String> written = new ArrayList<>(List.of(ModelFolder.GRAPH, ModelFolder.TOKENIZER));
    long total = 0;
    for (Path file : data.values()) {
      total += Files.size(file);
    }
    long done = 0;
    for (Map.Entry<String, Path> file : data.entrySet()) {
      Files.copy(file.getValue(), folder.resolve(file.getKey()));
      written.add(file.getKey());
      done += Files.size(file.getValue());
      progress.at(ImportProgress.Phase.CONVERT, done, total);
    }
    try (OutputStream out = Files.newOutputStream(folder.resolve(ModelFolder.GRAPH))) {
      rewritten.writeTo(out);
    }
    tokenizer.write(folder.resolve(ModelFolder.TOKENIZER));
    JsonNode facts = settings.path("model").isObject() ? settings.path("model") : settings;
    return new Written(written, tokenizer.tokens((ObjectNode) facts, config.vocabulary()));
  }

  record Written(List<String> files, ModelManifest.Tokens tokens) {}
}
