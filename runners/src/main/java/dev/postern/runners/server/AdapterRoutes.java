package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.server.AdapterNames.Adapted;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Says with which adapters the runner's models answer, and under which names. */
final class AdapterRoutes {
  private final Vertx vertx;
  private final LoadedModels models;
  private final AdapterNames names;

  AdapterRoutes(Vertx vertx, LoadedModels models, AdapterNames names) {
    this.vertx = vertx;
    this.models = models;
    this.names = names;
  }

  List<Route> routes() {
    return List.of(
        Route.get("/control/adapters", this::list),
        Route.post("/control/adapters/load", this::load),
        Route.post("/control/adapters/unload", this::unload));
  }

  /**
   * {@code {"model", "name", "folder" | "digest"}}: from then on the model answers requests for
   * {@code name} with the adapter. The folder, or zip file, is PEFT's and on the runner's machine;
   * a digest names one that was given before. Answers when the adapter is in memory.
   */
  private void load(ServedCall call, Buffer body) {
    var fields = ControlRoutes.read(body, Set.of("model", "name", "folder", "digest"));
    var model = ControlRoutes.text(fields, "model");
    var name = ControlRoutes.text(fields, "name");
    var folder = folder(fields);
    var digest = folder == null ? ControlRoutes.text(fields, "digest") : null;
    models
        .use(model, LoadedModel.Generative.class, "text generation")
        .compose(use ->
            vertx
                .executeBlocking(
                    () -> prepare(use.model().generator(), name, folder, digest), false)
                .onComplete(_ -> use.close()))
        .onSuccess(loaded -> {
          var adapted = new Adapted(name, model, loaded);
          names.put(adapted);
          call.json(Json.object(json -> write(json, adapted)));
        })
        .onFailure(cause -> call.fail(refusal(cause)));
  }

  private static String prepare(
      Generator generator, String name, @Nullable Path folder, @Nullable String digest)
      throws IOException {
    Adapters adapters =
        generator
            .adapters()
            .orElseThrow(() ->
                new BadRequest(
                    "The model was imported without places for adapters; import it again.",
                    "model",
                    "invalid_value"));
    String known = folder == null ? String.valueOf(digest) : adapters.add(folder, name).digest();
    generator.prepare(known);
    return known;
  }

  private static Throwable refusal(Throwable cause) {
    return cause instanceof ImportException
        ? new BadRequest(String.valueOf(cause.getMessage()), "folder", "invalid_value")
        : cause;
  }

  private static @Nullable Path folder(JsonNode fields) {
    if (!fields.has("folder")) {
      return null;
    }
    try {
      return Path.of(ControlRoutes.text(fields, "folder"));
    } catch (InvalidPathException e) {
      throw new BadRequest("'folder' is not a path.", "folder", "invalid_value");
    }
  }

  /** {@code {"name"}}; what runs goes on to its end. */
  private void unload(ServedCall call, Buffer body) {
    var name = ControlRoutes.text(ControlRoutes.read(body, Set.of("name")), "name");
    if (names.remove(name)) {
      call.json(
          Json.object(json -> {
            json.writeStringField("name", name);
            json.writeBooleanField("loaded", false);
          }));
    } else {
      call.fail(ApiFailure.modelNotFound(name));
    }
  }

  private void list(ServedCall call) {
    call.json(
        Json.object(json -> {
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          for (var adapted : names.all()) {
            json.writeStartObject();
            write(json, adapted);
            json.writeEndObject();
          }
          json.writeEndArray();
        }));
  }

  private static void write(JsonGenerator json, Adapted adapted) throws IOException {
    json.writeStringField("name", adapted.name());
    json.writeStringField("model", adapted.model());
    json.writeStringField("digest", adapted.digest());
  }
}
