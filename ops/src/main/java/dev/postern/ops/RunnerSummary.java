package dev.postern.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.ops.runner.JsonClient;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The runners of a running installation and what each can still take, as its gateway says. */
public final class RunnerSummary {
  private RunnerSummary() {}

  /** Lines for a person; none where the home has no gateway, or only one that does not answer. */
  public static List<String> of(Home home) throws IOException {
    var known = BootstrapFile.open(home.bootstrap());
    var url = known.get(BootstrapFile.URL);
    var key = known.get(BootstrapFile.ADMIN_KEY);
    if (url.isEmpty() || key.isEmpty()) {
      return List.of();
    }
    var lines = new ArrayList<String>();
    try {
      var runners =
          new JsonClient(key.get()).get(URI.create(url.get() + "/v1/postern/runners")).path("data");
      runners.forEach(runner -> add(lines, runner));
    } catch (IOException e) {
      lines.add("the gateway does not say which runners it has: " + e.getMessage());
    }
    return lines;
  }

  private static void add(List<String> lines, JsonNode runner) {
    var place = runner.path("name").asText() + " at " + runner.path("url").asText();
    var capacity = runner.path("capacity");
    if (capacity.isNull()) {
      lines.add("runner " + place + ": does not answer");
      return;
    }
    var memory = capacity.path("memory");
    lines.add(
        "runner %s: %s, %d in flight, %d of %d MB promised"
            .formatted(
                place,
                capacity.path("device").asText(),
                capacity.path("requests").asInt(),
                megabytes(memory.path("promised_bytes")),
                megabytes(memory.path("budget_bytes"))));
    if (capacity.hasNonNull("device_note")) {
      lines.add("  " + capacity.path("device_note").asText());
    }
    for (var model : capacity.path("models")) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  %-28s %-10s %-8s rows %d of %d, %d waiting, %.1f tokens/s",
              model.path("name").asText(),
              model.path("role").asText(),
              model.path("state").asText(),
              model.path("rows").asInt(),
              model.path("rows_max").asInt(),
              model.path("waiting").asInt(),
              model.path("tokens_per_second").asDouble()));
    }
  }

  private static long megabytes(JsonNode bytes) {
    return bytes.asLong() >> 20;
  }
}
