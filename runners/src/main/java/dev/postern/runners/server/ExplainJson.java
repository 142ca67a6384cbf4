package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.explain.Explanation;
import dev.postern.runners.explain.Memorisation;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes what explanations found. Probabilities are given as they are, with four digits. */
final class ExplainJson {
  private final JsonGenerator json;
  private final Tokenizer tokenizer;

  private ExplainJson(JsonGenerator json, Tokenizer tokenizer) {
    this.json = json;
    this.tokenizer = tokenizer;
  }

  static Buffer explanation(
      LoadedModel.Generative model, Tokenizer tokenizer, Explanation found, long cpuMicros) {
    int written = found.generated() ? found.answer().length : 0;
    return Json.object(generator -> {
      var json = new ExplainJson(generator, tokenizer);
      json.head(model, "postern.explanation");
      json.tokens("prompt", found.prompt());
      json.answer(found);
      json.attribution(found);
      json.layers(found);
      json.usage(found.read(), written, cpuMicros);
    });
  }

  static Buffer probe(
      LoadedModel.Generative model, Tokenizer tokenizer, Memorisation found, long cpuMicros) {
    return Json.object(generator -> {
      var json = new ExplainJson(generator, tokenizer);
      json.head(model, "postern.memorisation");
      json.tokens("prefix", found.prefix());
      json.tokens("rest", found.rest());
      generator.writeObjectFieldStart("answer");
      generator.writeStringField("text", json.text(found.continuation()));
      json.tokens("tokens", found.continuation());
      generator.writeEndObject();
      generator.writeNumberField("exact_tokens", found.exact());
      json.number("similarity", found.similarity());
      json.number("logprob_per_token", found.logprob());
      generator.writeStringField("variants", found.variants());
      json.number("variant_logprob_per_token", found.variantLogprob());
      generator.writeNumberField("rank", found.rank());
      json.number("exposure_bits", found.exposure());
      json.usage(found.read(), 0, cpuMicros);
    });
  }

  private void head(LoadedModel.Generative model, String object) throws IOException {
    json.writeStringField("object", object);
    json.writeStringField("model", model.name());
    json.writeStringField("system_fingerprint", model.fingerprint());
  }

  private void answer(Explanation found) throws IOException {
    json.writeObjectFieldStart("answer");
    json.writeStringField("text", text(found.answer()));
    json.writeBooleanField("generated", found.generated());
    json.writeArrayFieldStart("tokens");
    for (var token : found.tokens()) {
      json.writeStartObject();
      token(token.id());
      number("logprob", token.logprob());
      json.writeArrayFieldStart("top");
      for (var other : token.top()) {
        json.writeStartObject();
        token(other.id());
        number("logprob", other.logprob());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void attribution(Explanation found) throws IOException {
    json.writeArrayFieldStart("attribution");
    for (var span : found.spans()) {
      json.writeStartObject();
      json.writeNumberField("from", span.from());
      json.writeNumberField("to", span.to());
      json.writeStringField(
          "text", text(Arrays.copyOfRange(found.prompt(), span.from(), span.to())));
      number("effect", span.effect());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void layers(Explanation found) throws IOException {
    json.writeArrayFieldStart("layers");
    for (var layer : found.layers()) {
      json.writeStartObject();
      json.writeNumberField("layer", layer.index());
      json.writeArrayFieldStart("cells");
      for (var cell : layer.cells()) {
        json.writeStartObject();
        token(cell.id());
        number("probability", cell.probability());
        number("answer_probability", cell.answerProbability());
        json.writeNumberField("answer_rank", cell.answerRank());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void usage(int read, int written, long cpuMicros) throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", read);
    json.writeNumberField("completion_tokens", written);
    json.writeNumberField("total_tokens", read + written);
    json.writeEndObject();
    AnswerWriter.cost(json, cpuMicros, 0);
  }

  private void tokens(String name, int[] ids) throws IOException {
    json.writeArrayFieldStart(name);
    for (int id : ids) {
      json.writeStartObject();
      token(id);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void token(int id) throws IOException {
    json.writeNumberField("id", id);
    json.writeStringField("text", text(new int[] {id}));
  }

  /** Control tokens are shown as the vocabulary writes them. */
  private String text(int[] ids) {
    var bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(ScoredToken.shown(id, tokenizer));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private void number(String name, double value) throws IOException {
    json.writeNumberField(name, Math.round(value * 1e4) / 1e4);
  }
}
