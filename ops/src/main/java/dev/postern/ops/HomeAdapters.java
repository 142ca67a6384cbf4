package dev.postern.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.ops.runner.FormUpload;
import dev.postern.ops.runner.JsonClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The LoRA adapters of a running installation, as its gateway knows them. */
public final class HomeAdapters {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final int PAGE = 100;

  private final URI adapters;
  private final JsonClient client;
  private final @Nullable String project;

  private HomeAdapters(URI adapters, JsonClient client, @Nullable String project) {
    this.adapters = adapters;
    this.client = client;
    this.project = project;
  }

  /**
   * @param project null for the one that every home starts with
   */
  public static HomeAdapters of(Home home, @Nullable String project) throws IOException {
    var known = BootstrapFile.open(home.bootstrap());
    var url = known.get(BootstrapFile.URL);
    var key = known.get(project == null ? BootstrapFile.API_KEY : BootstrapFile.ADMIN_KEY);
    if (url.isEmpty() || key.isEmpty() || InstanceLock.holder(home).isEmpty()) {
      throw new UsageException(
          "Postern does not run on " + home.folder() + ". Start it with: ./postern up");
    }
    return new HomeAdapters(
        URI.create(url.get() + "/v1/postern/adapters"), new JsonClient(key.get()), project);
  }

  /**
   * Adds an adapter.
   *
   * @param folder PEFT's, or one of the files in it
   * @return as the gateway shows it
   */
  public JsonNode add(Path folder, String model, String name) throws IOException {
    var place =
        Files.isDirectory(folder)
            ? folder
            : folder.toAbsolutePath().resolveSibling(".").normalize();
    for (var file : List.of(CONFIG, WEIGHTS)) {
      if (!Files.isReadable(place.resolve(file))) {
        throw new UsageException("there is no " + file + " in " + place);
      }
    }
    var fields = new LinkedHashMap<>(Map.of("model", model, "name", name));
    if (project != null) {
      fields.put("project_id", project);
    }
    var files = Map.of("config", place.resolve(CONFIG), "weights", place.resolve(WEIGHTS));
    try {
      return client.upload(adapters, new FormUpload(fields, files));
    } catch (JsonClient.Refused refusal) {
      throw new UsageException(refusal.said().isEmpty() ? refusal.toString() : refusal.said());
    }
  }

  /** All, newest first. */
  public List<JsonNode> list() throws IOException {
    var found = new ArrayList<JsonNode>();
    JsonNode page;
    var query = "?limit=" + PAGE + (project == null ? "" : "&project_id=" + project);
    var next = query;
    do {
      page = client.get(URI.create(adapters + next));
      page.path("data").forEach(found::add);
      next = query + "&after=" + page.path("last_id").asText();
    } while (page.path("has_more").asBoolean());
    return found;
  }

  /**
   * @param model what clients call it, or its id
   */
  public void remove(String model) throws IOException {
    var id =
        list().stream()
            .filter(adapter ->
                adapter.path("model").asText().equals(model)
                    || adapter.path("id").asText().equals(model))
            .map(adapter -> adapter.path("id").asText())
            .findFirst()
            .orElseThrow(() -> new UsageException("there is no adapter " + model));
    client.delete(URI.create(adapters + "/" + id));
  }
}
