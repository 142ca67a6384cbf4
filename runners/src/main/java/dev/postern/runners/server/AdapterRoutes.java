package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.adapter.NoRoomForAdapterException;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.server.AdapterNames.Adapted;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says with which adapters the runner's models answer, and under which names. */
final class AdapterRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(AdapterRoutes.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MAX_UPLOAD = 1L << 30;
  private static final Duration UPLOAD_TIME = Duration.ofMinutes(5);

  private final Vertx vertx;
  private final LoadedModels models;
  private final AdapterNames names;
  private final Upload upload;

  AdapterRoutes(Vertx vertx, LoadedModels models, AdapterNames names) {
    this.vertx = vertx;
    this.models = models;
    this.names = names;
    this.upload = new Upload(vertx, MAX_UPLOAD, UPLOAD_TIME);
  }

  List<Route> routes() {
    return List.of(
        Route.get("/control/adapters", this::list),
        Route.post("/control/adapters/load", this::load),
        Route.post("/control/adapters/unload", this::unload),
        Route.upload("/control/adapters/import", this::take),
        Route.post("/control/adapters/remove", this::remove));
  }

  /**
   * {@code ?model=…&name=…} with a zip file of PEFT's folder as body. Answers with the adapter's
   * card once it is kept; from then on the model answers requests for {@code model@digest} with it.
   */
  private void take(ServedCall call) {
    var model = parameter(call, "model");
    var name = parameter(call, "name");
    upload
        .receive(call.request)
        .compose(file ->
            models
                .use(model, LoadedModel.Generative.class, "text generation")
                .compose(use ->
                    vertx
                        .executeBlocking(() -> keep(use.model().generator(), file, name), false)
                        .onComplete(_ -> use.close()))
                .onComplete(_ -> vertx.fileSystem().delete(file.toString())))
        .onSuccess(call::json)
        .onFailure(cause -> call.fail(refusal(cause, "adapter")));
  }

  private static Buffer keep(Generator generator, Path file, String name) throws IOException {
    var card = adapters(generator).add(file, name);
    try {
      generator.prepare(card.digest());
    } catch (NoRoomForAdapterException noRoom) {
      LOG.info("adapter {} is kept; there is no room to load it now", card.digest());
    }
    return Buffer.buffer(JSON.writeValueAsBytes(card));
  }

  private static String parameter(ServedCall call, String name) {
    var value = call.request.getParam(name);
    if (value == null || value.isBlank()) {
      throw new BadRequest(
          "Missing required parameter: '%s'.".formatted(name), name, "missing_required_parameter");
    }
    return value;
  }

  /** {@code {"model", "digest"}}: forgets an adapter, also on disk; what runs goes on. */
  private void remove(ServedCall call, Buffer body) {
    var fields = ControlRoutes.read(body, Set.of("model", "digest"));
    var digest = ControlRoutes.text(fields, "digest");
    models
        .use(ControlRoutes.text(fields, "model"), LoadedModel.Generative.class, "text generation")
        .compose(use ->
            vertx
                .executeBlocking(() -> adapters(use.model().generator()).remove(digest), false)
                .onComplete(_ -> use.close()))
        .onSuccess(removed ->
            call.json(
                Json.object(json -> {
                  json.writeStringField("digest", digest);
                  json.writeBooleanField("removed", removed);
                })))
        .onFailure(call::fail);
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
        .onFailure(cause -> call.fail(refusal(cause, "folder")));
  }

  private static String prepare(
      Generator generator, String name, @Nullable Path folder, @Nullable String digest)
      throws IOException {
    var known =
        folder == null ? String.valueOf(digest) : adapters(generator).add(folder, name).digest();
    generator.prepare(known);
    return known;
  }

  private static Adapters adapters(Generator generator) {
    return generator
        .adapters()
        .orElseThrow(() ->
            new BadRequest(
                "The model was imported without places for adapters; import it again.",
                "model",
                "invalid_value"));
  }

  private static Throwable refusal(Throwable cause, String param) {
    return cause instanceof ImportException
        ? new BadRequest(String.valueOf(cause.getMessage()), param, "invalid_value")
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
