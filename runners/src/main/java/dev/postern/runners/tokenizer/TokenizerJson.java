package dev.postern.runners.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.tokenizer.Vocabulary.ByteLevel;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import dev.postern.runners.tokenizer.Vocabulary.Normalization;
import dev.postern.runners.tokenizer.Vocabulary.SentencePiece;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes a vocabulary as a tokenizer.json, the format of Hugging Face's tokenizers. */
public final class TokenizerJson {
  private static final JsonFactory JSON = new JsonFactory();

  /** A score with which no text that spells a control token becomes one. */
  private static final float NEVER = -10_000;

  private TokenizerJson() {}

  public static void write(Vocabulary vocabulary, Path file) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file));
        JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      addedTokens(vocabulary, json);
      switch (vocabulary.style()) {
        case ByteLevel style -> byteLevel(vocabulary, style, json);
        case SentencePiece style -> sentencePiece(vocabulary, style, json);
      }
      json.writeEndObject();
    }
  }

  private static void addedTokens(Vocabulary vocabulary, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("added_tokens");
    for (int id = 0; id < vocabulary.pieces().size(); id++) {
      Kind kind = vocabulary.kinds().get(id);
      if (kind == Kind.CONTROL || kind == Kind.USER_DEFINED) {
        json.writeStartObject();
        json.writeNumberField("id", id);
        json.writeStringField("content", vocabulary.pieces().get(id));
        for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
          json.writeBooleanField(flag, false);
        }
        json.writeBooleanField("special", kind == Kind.CONTROL);
        json.writeEndObject();
      }
    }
    json.writeEndArray();
  }

  private static void byteLevel(Vocabulary vocabulary, ByteLevel style, JsonGenerator json)
      throws IOException {
    json.writeFieldName("normalizer");
    json.writeRawValue(style.preTokenizer().composed() ? "{\"type\":\"NFC\"}" : "null");
    json.writeFieldName("pre_tokenizer");
    json.writeRawValue(style.preTokenizer().json());
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    json.writeBooleanField("ignore_merges", style.preTokenizer().wholeWordsFirst());
    pieces(vocabulary, json);
    merges(style.merges(), json);
    json.writeEndObject();
  }

  private static void sentencePiece(Vocabulary vocabulary, SentencePiece style, JsonGenerator json)
      throws IOException {
    normalizer(style.normalization(), json);
    json.writeNullField("pre_tokenizer");
    json.writeObjectFieldStart("model");
    int unknown = vocabulary.kinds().indexOf(Kind.UNKNOWN);
    json.writeBooleanField("byte_fallback", vocabulary.kinds().contains(Kind.BYTE));
    switch (style.algorithm()) {
      case BPE -> {
        json.writeStringField("type", "BPE");
        if (unknown >= 0) {
          json.writeStringField("unk_token", vocabulary.pieces().get(unknown));
        }
        json.writeBooleanField("fuse_unk", true);
        pieces(vocabulary, json);
        merges(vocabulary.mergesByScore(style), json);
      }
      case UNIGRAM -> {
        json.writeStringField("type", "Unigram");
        if (unknown >= 0) {
          json.writeNumberField("unk_id", unknown);
        }
        scoredPieces(vocabulary, style, json);
      }
    }
    json.writeEndObject();
  }

  /** SentencePiece's steps, in its order. */
  private static void normalizer(Normalization normalization, JsonGenerator json)
      throws IOException {
    json.writeObjectFieldStart("normalizer");
    json.writeStringField("type", "Sequence");
    json.writeArrayFieldStart("normalizers");
    if (normalization.characterMap().length > 0) {
      json.writeStartObject();
      json.writeStringField("type", "Precompiled");
      json.writeBinaryField("precompiled_charsmap", normalization.characterMap());
      json.writeEndObject();
    }
    if (normalization.collapseSpaces()) {
      replace("Regex", "\\A +| +\\z", "", json);
      replace("Regex", " {2,}", " ", json);
    }
    if (normalization.prefixSpace()) {
      json.writeStartObject();
      json.writeStringField("type", "Prepend");
      json.writeStringField("prepend", "▁");
      json.writeEndObject();
    }
    replace("String", " ", "▁", json);
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void replace(String kind, String pattern, String content, JsonGenerator json)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "Replace");
    json.writeObjectFieldStart("pattern");
    json.writeStringField(kind, pattern);
    json.writeEndObject();
    json.writeStringField("content", content);
    json.writeEndObject();
  }

  private static void scoredPieces(Vocabulary vocabulary, SentencePiece style, JsonGenerator json)
      throws IOException {
    json.writeArrayFieldStart("vocab");
    for (int id = 0; id < vocabulary.pieces().size(); id++) {
      json.writeStartArray();
      json.writeString(vocabulary.pieces().get(id));
      json.writeNumber(
          switch (vocabulary.kinds().get(id)) {
            case CONTROL, UNKNOWN -> NEVER;
            case NORMAL, USER_DEFINED, BYTE -> style.scores()[id];
          });
      json.writeEndArray();
    }
    json.writeEndArray();
  }

  private static void pieces(Vocabulary vocabulary, JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < vocabulary.pieces().size(); id++) {
      json.writeNumberField(vocabulary.pieces().get(id), id);
    }
    json.writeEndObject();
  }

  private static void merges(List<String> merges, JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("merges");
    for (String merge : merges) {
      json.writeString(merge);
    }
    json.writeEndArray();
  }
}
