package dev.postern.runners.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.tokenizer.Vocabulary.ByteLevel;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
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
    String blanks = "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}";
    json.writeFieldName("normalizer");
    json.writeRawValue(
        style.prefixSpace()
            ? "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"▁\"},"
                + blanks
                + "]}"
            : blanks);
    json.writeNullField("pre_tokenizer");
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    int unknown = vocabulary.kinds().indexOf(Kind.UNKNOWN);
    if (unknown >= 0) {
      json.writeStringField("unk_token", vocabulary.pieces().get(unknown));
    }
    json.writeBooleanField("fuse_unk", true);
    json.writeBooleanField("byte_fallback", true);
    pieces(vocabulary, json);
    merges(vocabulary.mergesByScore(style), json);
    json.writeEndObject();
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
