package dev.postern.runners.tokenizer;

import static dev.postern.runners.tokenizer.TokenizerFile.require;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.postern.runners.tokenizer.Vocabulary.Algorithm;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import dev.postern.runners.tokenizer.Vocabulary.Normalization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/** Reads a SentencePiece model ({@code tokenizer.model}), by sentencepiece_model.proto. */
public final class SentencePieceModel {
  private static final long MAX_BYTES = 64 << 20;
  private static final int MAX_PIECES = 2_000_000;

  private final List<String> pieces = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private int algorithm = 1;
  private byte[] characterMap = {};
  private boolean prefixSpace = true;
  private boolean collapseSpaces = true;

  private SentencePieceModel() {}

  /**
   * @throws UnsoundTokenizerException when it is not such a model, or one that asks for something
   *     that is not supported
   */
  public static Vocabulary read(Path file) throws IOException {
    require(Files.size(file) <= MAX_BYTES, "it has more than %d bytes".formatted(MAX_BYTES));
    var model = new SentencePieceModel();
    try {
      model.fields(CodedInputStream.newInstance(Files.readAllBytes(file)), model::part);
    } catch (InvalidProtocolBufferException e) {
      throw TokenizerFile.unsound("it is not a SentencePiece model, or cut short");
    }
    return model.vocabulary();
  }

  /** Reads a field's value, or returns false to pass it over. */
  private interface Field {
    boolean read(int number, CodedInputStream in) throws IOException;
  }

  private void fields(CodedInputStream in, Field field) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      boolean message = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
      int number = WireFormat.getTagFieldNumber(tag);
      if (!field.read(message ? number : -number, in)) {
        in.skipField(tag);
      }
    }
  }

  /** Fields that are not length-delimited have negative numbers here. */
  private boolean part(int number, CodedInputStream in) throws IOException {
    switch (number) {
      case 1 -> piece(CodedInputStream.newInstance(in.readByteArray()));
      case 2 -> fields(CodedInputStream.newInstance(in.readByteArray()), this::trainer);
      case 3 -> fields(CodedInputStream.newInstance(in.readByteArray()), this::normalizer);
      default -> {
        return false;
      }
    }
    return true;
  }

  private void piece(CodedInputStream in) throws IOException {
    require(pieces.size() < MAX_PIECES, "it has more than %d pieces".formatted(MAX_PIECES));
    pieces.add("");
    scores.add(0f);
    kinds.add(Kind.NORMAL);
    int last = pieces.size() - 1;
    fields(
        in,
        (number, from) -> {
          switch (number) {
            case 1 -> pieces.set(last, from.readStringRequireUtf8());
            case -2 -> scores.set(last, from.readFloat());
            case -3 -> kinds.set(last, Kind.ofSentencePiece(from.readEnum()));
            default -> {
              return false;
            }
          }
          return true;
        });
  }

  private boolean trainer(int number, CodedInputStream in) throws IOException {
    if (number == -3) {
      algorithm = in.readEnum();
      return true;
    }
    return false;
  }

  private boolean normalizer(int number, CodedInputStream in) throws IOException {
    switch (number) {
      case 2 -> characterMap = in.readByteArray();
      case -3 -> prefixSpace = in.readBool();
      case -4 -> collapseSpaces = in.readBool();
      case -5 -> require(in.readBool(), "it keeps blanks as they are");
      default -> {
        return false;
      }
    }
    return true;
  }

  private Vocabulary vocabulary() throws IOException {
    require(!pieces.isEmpty(), "it has no pieces");
    require(new HashSet<>(pieces).size() == pieces.size(), "it has a piece twice");
    require(!pieces.contains(""), "it has an empty piece");
    var sized = new float[scores.size()];
    for (int id = 0; id < sized.length; id++) {
      sized[id] = scores.get(id);
      require(Float.isFinite(sized[id]), "a score is not finite");
    }
    var kind =
        switch (algorithm) {
          case 1 -> Algorithm.UNIGRAM;
          case 2 -> Algorithm.BPE;
          default -> throw TokenizerFile.unsound("it makes pieces neither by BPE nor by unigram");
        };
    return new Vocabulary(
        pieces,
        kinds,
        new Vocabulary.SentencePiece(
            kind, sized, new Normalization(characterMap, prefixSpace, collapseSpaces)));
  }
}
