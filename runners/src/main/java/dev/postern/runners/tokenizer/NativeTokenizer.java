package dev.postern.runners.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Hugging Face's library at work on a file that was found sound. Thread-safe. */
public final class NativeTokenizer implements AutoCloseable {
  static {
    // The native library is in the jar; nothing may be looked for on the network.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private final HuggingFaceTokenizer library;

  private NativeTokenizer(Path file, boolean framing) throws IOException {
    var options =
        Map.of(
            "addSpecialTokens",
            Boolean.toString(framing),
            "truncation",
            "false",
            "padding",
            "false");
    try {
      library = HuggingFaceTokenizer.newInstance(file, options);
    } catch (RuntimeException e) {
      throw TokenizerFile.unsound("the library says '%s'".formatted(e.getMessage()));
    }
  }

  /** One that frames texts as the file says, such as by {@code [CLS]} and {@code [SEP]}. */
  public static NativeTokenizer framing(TokenizerFile file) throws IOException {
    return new NativeTokenizer(file.path(), true);
  }

  static NativeTokenizer bare(TokenizerFile file) throws IOException {
    return new NativeTokenizer(file.path(), false);
  }

  /** One that reads what is spelled like a control token as mere text. */
  static NativeTokenizer withoutControl(TokenizerFile file) throws IOException {
    var copy = Files.createTempFile("postern-tokenizer-", ".json");
    try {
      file.writeWithoutControl(copy);
      return new NativeTokenizer(copy, false);
    } finally {
      Files.delete(copy);
    }
  }

  public Encoding encode(String text) {
    return library.encode(text);
  }

  public Encoding encode(String text, String second) {
    return library.encode(text, second);
  }

  @Override
  public void close() {
    library.close();
  }
}
