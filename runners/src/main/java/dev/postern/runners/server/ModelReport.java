package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Locale;

/** A model as the control API and the capacity report show it. */
final class ModelReport {
  private ModelReport() {}

  static String word(ModelEntry.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  static String word(ModelRole role) {
    return role.name().toLowerCase(Locale.ROOT);
  }

  /** Writes one object. */
  static void write(JsonGenerator json, ModelEntry.View view, double tokensPerSecond)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", view.source().name());
    json.writeStringField("role", word(view.source().role()));
    json.writeStringField("state", word(view.state()));
    var facts = view.facts();
    json.writeStringField("digest", facts == null ? null : facts.digest());
    json.writeNumberField("context_length", facts == null ? 0 : facts.contextLength());
    json.writeBooleanField("pinned", view.pinned());
    json.writeNumberField("bytes", view.bytes());
    json.writeNumberField("progress", view.progress());
    json.writeStringField("error", view.failure());
    if (view.usedAt() == null) {
      json.writeNullField("last_used");
    } else {
      json.writeNumberField("last_used", view.usedAt().getEpochSecond());
    }
    json.writeNumberField("requests", view.uses());
    json.writeNumberField("tokens_per_second", tokensPerSecond);
    switch (view.model()) {
      case LoadedModel.Generative model -> {
        var load = model.generator().load();
        json.writeNumberField("rows", load.rows());
        json.writeNumberField("rows_max", load.maxRows());
        json.writeNumberField("waiting", load.waiting());
        json.writeNumberField("waiting_max", load.maxWaiting());
        json.writeNumberField("cache_bytes", load.cacheBytes());
        json.writeNumberField("cache_bytes_max", load.maxCacheBytes());
      }
      case LoadedModel.Encoding model ->
          json.writeNumberField("waiting_tokens", model.encoder().waitingTokens());
      case null -> {
        // Nothing is at work in a model that is not in memory.
      }
    }
    json.writeEndObject();
  }
}
