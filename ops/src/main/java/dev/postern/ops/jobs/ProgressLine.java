package dev.postern.ops.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a command that runs as a job says about itself, one line of JSON at a time.
 *
 * @param step what is being done, for a person to read
 * @param share of this step that is done, 0 to 1
 * @param digest of the format that was stored, at the end
 */
public record ProgressLine(String step, double share, @Nullable String digest) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BEGIN = "{\"step\":";

  public String text() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Empty for any other line of its output. */
  static Optional<ProgressLine> parse(String line) {
    if (!line.startsWith(BEGIN)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(line, ProgressLine.class));
    } catch (JsonProcessingException other) {
      return Optional.empty();
    }
  }
}
