package dev.postern.runners.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Says which models the runner serves, and when it stops. */
final class ControlRoutes {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final LoadedModels models;
  private final Warming warming;
  private final Runnable drain;
  private final Traffic traffic;

  /**
   * @param drain begins to drain the server
   */
  ControlRoutes(LoadedModels models, Warming warming, Traffic traffic, Runnable drain) {
    this.models = models;
    this.warming = warming;
    this.traffic = traffic;
    this.drain = drain;
  }

  List<Route> routes() {
    return List.of(
        Route.post("/control/load", this::load),
        Route.post("/control/unload", this::unload),
        Route.post("/control/warm", this::warm),
        Route.post("/control/pin", (call, body) -> pin(call, body, true)),
        Route.post("/control/unpin", (call, body) -> pin(call, body, false)),
        Route.post("/control/drain", this::drain));
  }

  /**
   * {@code {"name", "role", "folder", "pin"?, "wait"?}}. Answers 200 when the model serves; 202 at
   * once with {@code "wait": false}, and when loading takes longer than requests wait. Asking again
   * changes nothing.
   */
  private void load(ServedCall call, Buffer body) {
    var fields = read(body, Set.of("name", "role", "folder", "pin", "wait"));
    var source = new ModelSource(text(fields, "name"), role(fields), folder(fields));
    boolean wait = flag(fields, "wait", true);
    var loading = models.load(source);
    if (fields.has("pin")) {
      models.pin(source.name(), flag(fields, "pin", false));
    }
    if (!wait && !loading.isComplete()) {
      answer(call, 202, source.name(), ModelEntry.State.LOADING);
      return;
    }
    loading
        .onSuccess(_ -> answer(call, 200, source.name(), ModelEntry.State.SERVING))
        .onFailure(cause -> {
          var failure = ApiFailure.of(cause);
          if (failure.equals(ApiFailure.stillLoading(source.name()))) {
            answer(call, 202, source.name(), ModelEntry.State.LOADING);
          } else {
            call.fail(failure.status() == 503 ? notLoaded(failure) : failure);
          }
        });
  }

  /** To an operator a folder that cannot be loaded is a wrong argument, not an overload. */
  private static ApiFailure notLoaded(ApiFailure failure) {
    return "model_not_loadable".equals(failure.code())
        ? ApiFailure.of(new BadRequest(failure.message(), "folder", "invalid_value"))
        : failure;
  }

  /**
   * {@code {"name", "keep"?}}; what runs goes on to its end. With {@code "keep": true} the next
   * request loads the model again.
   */
  private void unload(ServedCall call, Buffer body) {
    var fields = read(body, Set.of("name", "keep"));
    var name = text(fields, "name");
    boolean done = flag(fields, "keep", false) ? models.unload(name) : models.remove(name);
    if (done) {
      answer(call, 200, name, ModelEntry.State.KNOWN);
    } else {
      call.fail(ApiFailure.modelNotFound(name));
    }
  }

  /** {@code {"name"}}: loads the model if need be and has it answer once. */
  private void warm(ServedCall call, Buffer body) {
    var name = text(read(body, Set.of("name")), "name");
    warming
        .warm(name)
        .onSuccess(_ -> answer(call, 200, name, ModelEntry.State.SERVING))
        .onFailure(call::fail);
  }

  private void pin(ServedCall call, Buffer body, boolean pinned) {
    var name = text(read(body, Set.of("name")), "name");
    if (models.pin(name, pinned)) {
      call.json(
          Json.object(json -> {
            json.writeStringField("name", name);
            json.writeBooleanField("pinned", pinned);
          }));
    } else {
      call.fail(ApiFailure.modelNotFound(name));
    }
  }

  /** {@code {}}: refuses new work; {@code /ready} says so. */
  private void drain(ServedCall call, Buffer body) {
    int others = traffic.inFlight() - 1;
    drain.run();
    call.json(
        Json.object(json -> {
          json.writeBooleanField("draining", true);
          json.writeNumberField("in_flight", others);
        }));
  }

  private static void answer(ServedCall call, int status, String name, ModelEntry.State state) {
    call.answer(
        status,
        Json.object(json -> {
          json.writeStringField("name", name);
          json.writeBooleanField("loaded", state == ModelEntry.State.SERVING);
          json.writeStringField("state", ModelReport.word(state));
        }));
  }

  static JsonNode read(Buffer body, Set<String> known) {
    JsonNode fields;
    try {
      fields = JSON.readTree(body.getBytes());
    } catch (IOException e) {
      throw new BadRequest("The body is not valid JSON.", null, "invalid_json");
    }
    for (var field : fields.properties()) {
      if (!known.contains(field.getKey())) {
        throw new BadRequest(
            "Unknown parameter: '%s'.".formatted(field.getKey()),
            field.getKey(),
            "unknown_parameter");
      }
    }
    return fields;
  }

  private static ModelRole role(JsonNode fields) {
    return switch (text(fields, "role")) {
      case "chat" -> ModelRole.CHAT;
      case "embedding" -> ModelRole.EMBEDDING;
      case "classifier" -> ModelRole.CLASSIFIER;
      case "reranker" -> ModelRole.RERANKER;
      default ->
          throw new BadRequest(
              "'role' must be \"chat\", \"embedding\", \"classifier\" or \"reranker\".",
              "role",
              "invalid_value");
    };
  }

  private static Path folder(JsonNode fields) {
    try {
      return Path.of(text(fields, "folder"));
    } catch (InvalidPathException e) {
      throw new BadRequest("'folder' is not a path.", "folder", "invalid_value");
    }
  }

  private static boolean flag(JsonNode fields, String name, boolean unset) {
    var value = fields.path(name);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw new BadRequest("'%s' must be true or false.".formatted(name), name, "invalid_type");
    }
    return value.asBoolean(unset);
  }

  static String text(JsonNode fields, String name) {
    var value = fields.path(name);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw new BadRequest(
          "Missing required parameter: '%s'.".formatted(name), name, "missing_required_parameter");
    }
    return value.textValue();
  }
}
