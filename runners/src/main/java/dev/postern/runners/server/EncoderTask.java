package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.encoder.Vectors;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.RerankRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** A request and the encoder for it: what goes in, and what its rows say. */
sealed interface EncoderTask {
  /** The field that holds most of the request's text. */
  String field();

  /**
   * Costs processor time.
   *
   * @throws BadRequest when one does not fit
   */
  List<Encoder.Input> inputs();

  /** Writes the answer's own fields. */
  void write(JsonGenerator json, List<float[]> rows) throws IOException;

  /** Unit vectors, perhaps shortened. */
  record Embedding(Encoder encoder, EmbeddingRequest request) implements EncoderTask {
    @Override
    public String field() {
      return "input";
    }

    @Override
    public List<Encoder.Input> inputs() {
      var dimensions = request.dimensions();
      if (dimensions != null && dimensions > encoder.width()) {
        throw new BadRequest(
            "'dimensions' must be at most %d for this model.".formatted(encoder.width()),
            "dimensions",
            "invalid_value");
      }
      var inputs = new ArrayList<Encoder.Input>();
      boolean texts = !request.inputs().isEmpty();
      int count = texts ? request.inputs().size() : request.tokenInputs().size();
      for (int i = 0; i < count; i++) {
        var path = "input[" + i + "]";
        inputs.add(
            texts
                ? encoder.text(request.inputs().get(i), path)
                : encoder.framed(request.tokenInputs().get(i), path));
      }
      return inputs;
    }

    @Override
    public void write(JsonGenerator json, List<float[]> rows) throws IOException {
      json.writeArrayFieldStart("data");
      for (int i = 0; i < rows.size(); i++) {
        var vector = Vectors.shorten(rows.get(i), request.dimensions());
        json.writeStartObject();
        json.writeStringField("object", "embedding");
        json.writeNumberField("index", i);
        if (request.base64()) {
          json.writeStringField("embedding", base64(vector));
        } else {
          json.writeArrayFieldStart("embedding");
          for (float number : vector) {
            json.writeNumber(number);
          }
          json.writeEndArray();
        }
        json.writeEndObject();
      }
      json.writeEndArray();
    }

    private static String base64(float[] vector) {
      var bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(vector);
      return Base64.getEncoder().encodeToString(bytes.array());
    }
  }

  /** Documents by how well they answer the query, as Cohere's and Jina's rerankers say it. */
  record Reranking(Encoder encoder, RerankRequest request) implements EncoderTask {
    private record Scored(int index, double score) {}

    @Override
    public String field() {
      return "documents";
    }

    @Override
    public List<Encoder.Input> inputs() {
      return request.documents().stream()
          .map(document -> encoder.pair(request.query(), document, request.maxTokensPerDocument()))
          .toList();
    }

    @Override
    public void write(JsonGenerator json, List<float[]> rows) throws IOException {
      var best =
          IntStream.range(0, rows.size())
              .mapToObj(i -> new Scored(i, Vectors.sigmoid(rows.get(i)[0])))
              .sorted(Comparator.comparingDouble(Scored::score).reversed())
              .limit(request.topN())
              .toList();
      json.writeArrayFieldStart("results");
      for (var scored : best) {
        json.writeStartObject();
        json.writeNumberField("index", scored.index());
        json.writeNumberField("relevance_score", scored.score());
        if (request.returnDocuments()) {
          json.writeObjectFieldStart("document");
          json.writeStringField("text", request.documents().get(scored.index()));
          json.writeEndObject();
        }
        json.writeEndObject();
      }
      json.writeEndArray();
    }
  }

  /** Labels with their probabilities, the likeliest first. */
  record Classification(Encoder encoder, ClassifyRequest request) implements EncoderTask {
    private record Scored(String label, double score) {}

    @Override
    public String field() {
      return "input";
    }

    @Override
    public List<Encoder.Input> inputs() {
      var inputs = new ArrayList<Encoder.Input>();
      for (int i = 0; i < request.inputs().size(); i++) {
        inputs.add(encoder.text(request.inputs().get(i), "input[" + i + "]"));
      }
      return inputs;
    }

    @Override
    public void write(JsonGenerator json, List<float[]> rows) throws IOException {
      json.writeArrayFieldStart("data");
      for (int i = 0; i < rows.size(); i++) {
        var scores = scores(rows.get(i));
        json.writeStartObject();
        json.writeStringField("object", "classification");
        json.writeNumberField("index", i);
        json.writeStringField("prediction", scores.getFirst().label());
        json.writeNumberField("score", scores.getFirst().score());
        json.writeArrayFieldStart("predictions");
        for (var scored : scores) {
          json.writeStartObject();
          json.writeStringField("label", scored.label());
          json.writeNumberField("score", scored.score());
          json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
    }

    private List<Scored> scores(float[] logits) {
      var settings = encoder.settings();
      var shares = settings.independent() ? Vectors.sigmoid(logits) : Vectors.softmax(logits);
      return IntStream.range(0, shares.length)
          .mapToObj(i -> new Scored(settings.labels().get(i), shares[i]))
          .sorted(Comparator.comparingDouble(Scored::score).reversed())
          .toList();
    }
  }
}
