package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/** Where the generated text stands in a choice, for each shape of answer. */
public enum ChoiceText {
  CHAT_DOCUMENT("message"),
  CHAT_CHUNK("delta"),
  COMPLETION(null);

  private final @Nullable String holder;

  ChoiceText(@Nullable String holder) {
    this.holder = holder;
  }

  /** Empty when the choice carries none. */
  public String read(JsonNode choice) {
    var text = holder == null ? choice.path("text") : choice.path(holder).path("content");
    return text.asText("");
  }

  public void write(ObjectNode choice, String text) {
    if (holder == null) {
      choice.put("text", text);
    } else if (choice.get(holder) instanceof ObjectNode message) {
      message.put("content", text);
    } else {
      choice.putObject(holder).put("content", text);
    }
  }

  /** Takes the text out, which leaves what else a delta says, such as the role. */
  public void clear(ObjectNode choice) {
    if (holder == null) {
      choice.put("text", "");
    } else if (choice.get(holder) instanceof ObjectNode message) {
      message.remove("content");
    }
  }

  /** True when a chunk's choice without its text still says something. */
  public boolean saysMore(JsonNode choice) {
    return holder != null && !choice.path(holder).isEmpty();
  }
}
