package dev.postern.runners.tokenizer;

import dev.postern.runners.engine.Tokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** A tokenizer.json at work: Hugging Face's library encodes, the vocabulary gives the bytes. */
public final class ModelTokenizer implements Tokenizer, AutoCloseable {
  private static final byte[] NOTHING = {};

  /** How SentencePiece spells a byte that no piece holds. */
  private static final Pattern BYTE = Pattern.compile("<0x[0-9A-F]{2}>");

  private final TokenizerFile file;
  private final boolean byteLevel;
  private final Optional<Integer> beginning;
  private final Set<Integer> ends;
  private final String[] controlTexts;
  private final NativeTokenizer withControl;
  private final Lazy<NativeTokenizer> withoutControl;

  /**
   * @param beginning the token that begins each text, where the model wants one
   * @param ends the tokens that end an answer
   * @throws UnsoundTokenizerException when the file cannot be used
   */
  public static ModelTokenizer open(Path file, Optional<Integer> beginning, Set<Integer> ends)
      throws IOException {
    return new ModelTokenizer(TokenizerFile.read(file), beginning, ends);
  }

  private ModelTokenizer(TokenizerFile file, Optional<Integer> beginning, Set<Integer> ends)
      throws IOException {
    this.file = file;
    this.byteLevel = file.byteLevel();
    this.controlTexts = file.control().stream().mapToObj(file::piece).toArray(String[]::new);
    this.beginning = beginning;
    this.ends = Set.copyOf(ends);
    this.withControl = NativeTokenizer.bare(file);
    // Text in which someone spelled out a control token is rare.
    this.withoutControl =
        new Lazy<>(() -> {
          try {
            return NativeTokenizer.withoutControl(file);
          } catch (IOException failure) {
            throw new UncheckedIOException(failure);
          }
        });
  }

  @Override
  public int[] encode(String text, boolean special) {
    NativeTokenizer encoder = special || !spellsControl(text) ? withControl : withoutControl.get();
    long[] ids = encoder.encode(text).getIds();
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
    if (file.silent(id)) {
      return NOTHING;
    }
    String piece = file.piece(id);
    if (file.verbatim().get(id)) {
      return piece.getBytes(StandardCharsets.UTF_8);
    }
    return byteLevel ? ByteAlphabet.bytes(piece) : sentencePieceBytes(piece);
  }

  private static byte[] sentencePieceBytes(String piece) {
    if (BYTE.matcher(piece).matches()) {
      return new byte[] {(byte) HexFormat.fromHexDigits(piece, 3, 5)};
    }
    return piece.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String piece(int id) {
    return file.piece(id);
  }

  @Override
  public int vocabularySize() {
    return file.size();
  }

  @Override
  public boolean endsGeneration(int id) {
    return ends.contains(id);
  }

  @Override
  public void close() {
    withControl.close();
    withoutControl.ifMade(NativeTokenizer::close);
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
