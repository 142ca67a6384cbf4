package dev.postern.runners.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.tokenizer.Vocabulary.ByteLevel;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import dev.postern.runners.tokenizer.Vocabulary.Normalization;
import dev.postern.runners.tokenizer.Vocabulary.SentencePiece;
import dev.postern.runners.tokenizer.Vocabulary.WordPiece;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a vocabulary as a tokenizer.json, the format of Hugging Face's tokenizers. */
public final class TokenizerJson {
  private static final JsonFactory JSON = new JsonFactory();

  /** A score with which no text that spells a control token becomes one. */
  private static final float NEVER = -10_000;

  /** BERT takes a longer word as unknown. */
  private static final int MAX_WORD = 100;

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
        case WordPiece style -> wordPiece(vocabulary, style, json);
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

  private static void wordPiece(Vocabulary vocabulary, WordPiece style, JsonGenerator json)
      throws IOException {
    json.writeObjectFieldStart("normalizer");
    json.writeStringField("type", "BertNormalizer");
    json.writeBooleanField("clean_text", true);
    json.writeBooleanField("handle_chinese_chars", style.splitChinese());
    json.writeObjectField("strip_accents", style.stripAccents());
    json.writeBooleanField("lowercase", style.lowerCase());
    json.writeEndObject();
    json.writeFieldName("pre_tokenizer");
    json.writeRawValue("{\"type\":\"BertPreTokenizer\"}");
    json.writeObjectFieldStart("post_processor");
    json.writeStringField("type", "TemplateProcessing");
    String first = vocabulary.pieces().get(style.first());
    String last = vocabulary.pieces().get(style.last());
    json.writeArrayFieldStart("single");
    framed(first, "A", last, 0, json);
    json.writeEndArray();
    json.writeArrayFieldStart("pair");
    framed(first, "A", last, 0, json);
    framed(null, "B", last, 1, json);
    json.writeEndArray();
    json.writeObjectFieldStart("special_tokens");
    for (int id : new int[] {style.first(), style.last()}) {
      String piece = vocabulary.pieces().get(id);
      json.writeObjectFieldStart(piece);
      json.writeStringField("id", piece);
      json.writeArrayFieldStart("ids");
      json.writeNumber(id);
      json.writeEndArray();
      json.writeArrayFieldStart("tokens");
      json.writeString(piece);
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "WordPiece");
    json.writeStringField("unk_token", vocabulary.pieces().get(style.unknown()));
    json.writeStringField("continuing_subword_prefix", "##");
    json.writeNumberField("max_input_chars_per_word", MAX_WORD);
    pieces(vocabulary, json);
    json.writeEndObject();
  }

  private static void framed(
      @Nullable String before, String text, String behind, int segment, JsonGenerator json)
      throws IOException {
    if (before != null) {
      part("SpecialToken", before, segment, json);
    }
    part("Sequence", text, segment, json);
    part("SpecialToken", behind, segment, json);
  }

  private static void part(String kind, String id, int segment, JsonGenerator json)
      throws IOException {
    json.writeStartObject();
    json.writeObjectFieldStart(kind);
    json.writeStringField("id", id);
    json.writeNumberField("type_id", segment);
    json.writeEndObject();
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
