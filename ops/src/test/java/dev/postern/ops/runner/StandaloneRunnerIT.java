package dev.postern.ops.runner;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.ops.Home;
import dev.postern.ops.HomeModels;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.testing.TinyLlama;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A supervised runner process that loses a model's folder and its life. */
@Timeout(120)
class StandaloneRunnerIT {
  private static final String TOKEN = "secret";
  private static final String CHAT =
      "{\"model\":\"%s\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";

  private final JsonClient client = new JsonClient(TOKEN);
  @TempDir private Path folder;

  @Test
  void comesBackOnItsPortAfterItWasKilledAndServesBesideADamagedModel() throws Exception {
    var home = new Home(folder.resolve("home"));
    home.create();
    var models = new HomeModels(home, folder.resolve("cache"), InstantSource.system());
    var sound = models.importFile(gguf(1), "sound", ImportProgress.NONE);
    var damaged = models.importFile(gguf(2), "damaged", ImportProgress.NONE);
    Files.write(damaged.folder().resolve(ModelFolder.WEIGHTS), new byte[10]);
    assertThat(models.imported())
        .as("a home serves what is sound")
        .extracting(HomeModels.Entry::name)
        .containsExactly("sound");
    var place = new RunnerPlace("127.0.0.1", freePort(), "cpu", "1g");
    try (var runner =
        new StandaloneRunner(
            place, List.of(sound, damaged), TOKEN, 192, folder.resolve("runner.log"))) {
      var uri = runner.start().get(60, TimeUnit.SECONDS);
      assertThat(uri.getPort()).isEqualTo(place.port());
      ask(uri, "sound");
      var state = model(uri, "damaged");
      assertThat(state.path("state").asText()).isEqualTo("failed");
      assertThat(state.path("error").asText()).contains("weights.bin is missing or cut short");

      long first = runner.pid();
      ProcessHandle.of(first).orElseThrow().destroyForcibly();
      awaitAnother(runner, first);
      ask(uri, "sound");
    }
  }

  private void ask(URI uri, String model) throws IOException {
    client.post(uri.resolve("/v1/chat/completions"), CHAT.formatted(model));
  }

  private JsonNode model(URI uri, String name) throws IOException {
    for (var model : client.get(uri.resolve("/control/models")).path("models")) {
      if (model.path("name").asText().equals(name)) {
        return model;
      }
    }
    throw new AssertionError(name);
  }

  private static void awaitAnother(StandaloneRunner runner, long pid) {
    while (runner.pid() == pid || !runner.ready()) {
      Thread.onSpinWait();
    }
  }

  private Path gguf(long seed) throws IOException {
    return Files.write(folder.resolve(seed + ".gguf"), TinyLlama.gguf(seed));
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }
}
