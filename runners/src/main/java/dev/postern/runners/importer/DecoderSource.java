package dev.postern.runners.importer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A decoder in one of the formats that people have: its shape, weights, tokenizer and facts. */
interface DecoderSource extends AutoCloseable {
  /**
   * Opens a GGUF file, or a folder of safetensors by its path or by that of a file in it. Nothing
   * but directories of tensors is read.
   */
  static DecoderSource open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return HuggingFaceDecoder.open(path);
    }
    Path folder = path.toAbsolutePath().getParent();
    boolean inFolder = path.toString().endsWith(".safetensors") || path.endsWith("config.json");
    return inFolder && folder != null ? HuggingFaceDecoder.open(folder) : GgufDecoder.open(path);
  }

  /** What an import reads, so that the same source is known again. */
  List<Path> files();

  DecoderConfig config();

  /** All tensors of the file or files, by the names they have there. */
  Map<String, StoredTensor> tensors();

  /**
   * @param progress told the bytes of each tensor when it is first asked for
   */
  NamedWeights weights(LongConsumer progress);

  /** Tensors that may be there and that the graph does not ask for. */
  Set<String> readElsewhere();

  /** Writes the tokenizer.json and tells which of its tokens begin and end texts. */
  ModelManifest.Tokens tokenizer(Path file) throws IOException;

  Facts facts() throws IOException;

  @Override
  void close();

  /**
   * @param chatTemplate Jinja text
   */
  record Facts(String name, @Nullable String licence, @Nullable String chatTemplate) {}
}
