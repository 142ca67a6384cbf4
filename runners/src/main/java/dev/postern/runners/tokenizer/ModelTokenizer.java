package dev.postern.runners.tokenizer;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.engine.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** A tokenizer.json at work: Hugging Face's library encodes, the vocabulary gives the bytes. */
public final class ModelTokenizer implements Tokenizer, AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

  static {
    // The native library is in the jar; nothing may be looked for on the network.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private final String[] pieces;
  private final BitSet control = new BitSet();
  private final BitSet verbatim = new BitSet();
  private final boolean byteLevel;
  private final Optional<Integer> beginning;
  private final Set<Integer> ends;
  private final String[] controlTexts;
  private final HuggingFaceTokenizer withControl;
  private final Lazy<HuggingFaceTokenizer> withoutControl;

  /**
   * @param beginning the token that begins each text, where the model wants one
   * @param ends the tokens that end an answer
   */
  public static ModelTokenizer open(Path file, Optional<Integer> beginning, Set<Integer> ends)
      throws IOException {
    return new ModelTokenizer(file, beginning, ends);
  }

  private ModelTokenizer(Path file, Optional<Integer> beginning, Set<Integer> ends)
      throws IOException {
    JsonNode tree = JSON.readTree(Files.readAllBytes(file));
    JsonNode vocabulary = tree.path("model").path("vocab");
    this.pieces = new String[vocabulary.size()];
    vocabulary.properties().forEach(entry -> pieces[entry.getValue().intValue()] = entry.getKey());
    for (JsonNode added : tree.path("added_tokens")) {
      BitSet kind = added.path("special").booleanValue() ? control : verbatim;
      kind.set(added.path("id").intValue());
    }
    this.byteLevel = !tree.path("model").path("byte_fallback").booleanValue();
    this.controlTexts = control.stream().mapToObj(id -> pieces[id]).toArray(String[]::new);
    this.beginning = beginning;
    this.ends = Set.copyOf(ends);
    this.withControl = HuggingFaceTokenizer.newInstance(file, OPTIONS);
    this.withoutControl = new Lazy<>(() -> plain(file));
  }

  /** Text in which someone spelled out a control token is rare: its tokenizer is made on demand. */
  private static HuggingFaceTokenizer plain(Path file) {
    try {
      ObjectNode tree = (ObjectNode) JSON.readTree(Files.readAllBytes(file));
      ArrayNode kept = JSON.createArrayNode();
      for (JsonNode added : tree.path("added_tokens")) {
        if (!added.path("special").booleanValue()) {
          kept.add(added);
        }
      }
      tree.set("added_tokens", kept);
      return HuggingFaceTokenizer.newInstance(
          new ByteArrayInputStream(JSON.writeValueAsBytes(tree)), OPTIONS);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Override
  public int[] encode(String text, boolean special) {
    HuggingFaceTokenizer encoder =
        special || !spellsControl(text) ? withControl : withoutControl.get();
    long[] ids = encoder.encode(text, false, false).getIds();
    LongStream tokens = LongStream.of(ids);
    if (special && beginning.isPresent() && (ids.length == 0 || ids[0] != beginning.get())) {
      tokens = LongStream.concat(LongStream.of(beginning.get()), tokens);
    }
    return tokens.mapToInt(Math::toIntExact).toArray();
  }

  private boolean spellsControl(String text) {
    for (String control : controlTexts) {
      if (text.contains(control)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public byte[] bytes(int id) {
    if (control.get(id)) {
      return new byte[0];
    }
    String piece = pieces[id];
    if (verbatim.get(id)) {
      return piece.getBytes(StandardCharsets.UTF_8);
    }
    return byteLevel ? ByteAlphabet.bytes(piece) : sentencePieceBytes(piece);
  }

  private static byte[] sentencePieceBytes(String piece) {
    if (piece.length() == 6 && piece.startsWith("<0x") && piece.endsWith(">")) {
      return new byte[] {(byte) HexFormat.fromHexDigits(piece, 3, 5)};
    }
    return piece.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String piece(int id) {
    return pieces[id];
  }

  @Override
  public int vocabularySize() {
    return pieces.length;
  }

  @Override
  public boolean endsGeneration(int id) {
    return ends.contains(id);
  }

  @Override
  public void close() {
    withControl.close();
    withoutControl.ifMade(HuggingFaceTokenizer::close);
  }

  /** A value made at most once, on first use. */
  private static final class Lazy<T> {
    private final Supplier<T> maker;
    private volatile @Nullable T value;

    private Lazy(Supplier<T> maker) {
      this.maker = maker;
    }

    private T get() {
      T made = value;
      if (made == null) {
        synchronized (this) {
          made = value;
          if (made == null) {
            made = maker.get();
            value = made;
          }
        }
      }
      return made;
    }

    private void ifMade(Consumer<T> action) {
      T made = value;
      if (made != null) {
        action.accept(made);
      }
    }
  }
}
