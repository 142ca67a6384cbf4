package dev.postern.runners.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads and unloads models while the server runs. */
final class ControlRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(ControlRoutes.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vertx vertx;
  private final LoadedModels models;
  private final ModelLoader loader;

  ControlRoutes(Vertx vertx, LoadedModels models, ModelLoader loader) {
    this.vertx = vertx;
    this.models = models;
    this.loader = loader;
  }

  List<Route> routes() {
    return List.of(
        Route.post("/control/load", this::load), Route.post("/control/unload", this::unload));
  }

  /**
   * {@code {"name", "role": "chat"|"embedding"|"classifier"|"reranker", "folder"}}; answers when
   * the model serves.
   */
  private void load(ServedCall call, Buffer body) {
    String name;
    ModelRole role;
    Path folder;
    try {
      var fields = read(body);
      name = text(fields, "name");
      role =
          switch (text(fields, "role")) {
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
      folder = Path.of(text(fields, "folder"));
    } catch (BadRequest e) {
      call.fail(e);
      return;
    } catch (InvalidPathException e) {
      call.fail(new BadRequest("'folder' is not a path.", "folder", "invalid_value"));
      return;
    }
    vertx
        .executeBlocking(() -> loader.load(name, role, folder))
        .onSuccess(model -> {
          models.put(model);
          LOG.info("loaded {}", name);
          call.json(
              Json.object(json -> {
                json.writeStringField("name", name);
                json.writeBooleanField("loaded", true);
              }));
        })
        .onFailure(cause -> {
          LOG.warn("could not load {}", name, cause);
          call.fail(
              new BadRequest(
                  "The folder could not be loaded: " + cause.getMessage(),
                  "folder",
                  "invalid_value"));
        });
  }

  /** {@code {"name"}}; what runs goes on to its end. */
  private void unload(ServedCall call, Buffer body) {
    try {
      var name = text(read(body), "name");
      if (models.remove(name)) {
        call.json(
            Json.object(json -> {
              json.writeStringField("name", name);
              json.writeBooleanField("loaded", false);
            }));
      } else {
        call.fail(ApiFailure.modelNotFound(name));
      }
    } catch (BadRequest e) {
      call.fail(e);
    }
  }

  private static JsonNode read(Buffer body) {
    try {
      return JSON.readTree(body.getBytes());
    } catch (IOException e) {
      throw new BadRequest("The body is not valid JSON.", null, "invalid_json");
    }
  }

  private static String text(JsonNode fields, String name) {
    var value = fields.path(name);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw new BadRequest(
          "Missing required parameter: '%s'.".formatted(name), name, "missing_required_parameter");
    }
    return value.textValue();
  }
}
