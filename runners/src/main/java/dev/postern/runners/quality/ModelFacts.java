package dev.postern.runners.quality;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ModelCard;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelManifest;
import dev.postern.runners.importer.Projection;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A model's card in full: what a person wants to know before trusting it.
 *
 * @param title the name in its file
 * @param sourceDigest of the file it was imported from, or of the list of several with theirs
 * @param architecture in one line
 * @param parts where its parameters are; they add up to {@code parameters}
 * @param tokenizer the kind of its tokenizer
 * @param templated whether it brings its own chat template
 */
public record ModelFacts(
    String title,
    String digest,
    String source,
    String sourceDigest,
    String licence,
    String family,
    String architecture,
    long parameters,
    List<Part> parts,
    int layers,
    int contextLength,
    String tokenizer,
    int vocabulary,
    boolean templated) {

  /** Parameters of one kind. */
  public record Part(String name, long parameters) {}

  public static ModelFacts of(ModelFolder model) throws IOException {
    ModelManifest manifest = model.manifest();
    ModelCard card = model.card();
    DecoderConfig shape = manifest.architecture();
    return new ModelFacts(
        card.name(),
        model.digest(),
        card.source(),
        "sha256:" + manifest.source().sha256(),
        card.licence(),
        shape.family(),
        architecture(shape),
        manifest.parameters(),
        parts(shape, manifest.parameters()),
        shape.layers(),
        manifest.contextLength(),
        tokenizerKind(model.path().resolve(ModelFolder.TOKENIZER)),
        shape.vocabulary(),
        manifest.chatTemplate() != null);
  }

  private static String architecture(DecoderConfig shape) {
    return String.format(
        Locale.ROOT,
        "%s decoder: %d layers, width %d, %d heads of %d over %d key/value heads, feed-forward %d",
        shape.family(),
        shape.layers(),
        shape.width(),
        shape.heads(),
        shape.headWidth(),
        shape.keyValueHeads(),
        shape.feedForwardWidth());
  }

  private static List<Part> parts(DecoderConfig shape, long total) {
    long embedding = (long) shape.vocabulary() * shape.width();
    long attention = products(shape, Projection.Q, Projection.K, Projection.V, Projection.O);
    long feedForward = products(shape, Projection.GATE, Projection.UP, Projection.DOWN);
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(shape.tiedHead() ? "embedding+head" : "embedding", embedding));
    parts.add(new Part("attention", attention));
    parts.add(new Part("feed-forward", feedForward));
    long head = shape.tiedHead() ? 0 : embedding;
    if (head > 0) {
      parts.add(new Part("head", head));
    }
    parts.add(new Part("norms, biases", total - embedding - attention - feedForward - head));
    return List.copyOf(parts);
  }

  private static long products(DecoderConfig shape, Projection... projections) {
    long each = 0;
    for (Projection projection : projections) {
      each += (long) shape.rows(projection) * shape.columns(projection);
    }
    return each * shape.layers();
  }

  /** Reads past the vocabulary, which may take megabytes. */
  private static String tokenizerKind(Path file) throws IOException {
    String type = "";
    boolean bytes = false;
    try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        boolean model = json.currentName().equals("model");
        if (json.nextToken() != JsonToken.START_OBJECT || !model) {
          json.skipChildren();
          continue;
        }
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          String name = json.currentName();
          json.nextToken();
          switch (name) {
            case "type" -> type = json.getValueAsString("");
            case "byte_fallback" -> bytes = json.getValueAsBoolean();
            default -> json.skipChildren();
          }
        }
      }
    }
    return switch (type) {
      case "BPE" -> bytes ? "SentencePiece BPE" : "byte-level BPE";
      case "Unigram" -> "SentencePiece unigram";
      default -> type;
    };
  }
}
