package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/** Reads answers as a client would. */
final class Answers {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Answers() {}

  static List<JsonNode> events(String body) throws IOException {
    var events = new ArrayList<JsonNode>();
    for (var event : body.split("\n\n")) {
      assertThat(event).startsWith("data: ");
      if (!event.equals("data: [DONE]")) {
        events.add(JSON.readTree(event.substring("data: ".length())));
      }
    }
    return events;
  }

  static String joined(String body) throws IOException {
    var text = new StringBuilder();
    for (var event : events(body)) {
      text.append(event.at("/choices/0/delta/content").asText());
    }
    return text.toString();
  }

  static List<String> texts(JsonNode answer, String pointer) {
    return StreamSupport.stream(answer.path("choices").spliterator(), false)
        .map(choice -> choice.at(pointer).asText())
        .toList();
  }

  static String bytes(JsonNode entries) {
    var bytes = new ByteArrayOutputStream();
    for (var entry : entries) {
      entry.path("bytes").forEach(b -> bytes.write(b.asInt()));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
