package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The functions a model may or must call.
 *
 * @param named the only one that it has to call; null unless the caller chose one
 * @param parallel whether one answer may call several times
 */
public record Tools(
    List<Function> functions, Mode mode, @Nullable Function named, boolean parallel) {
  public static final Tools NONE = new Tools(List.of(), Mode.NONE, null, true);

  public Tools {
    functions = List.copyOf(functions);
  }

  public enum Mode {
    NONE,
    AUTO,
    REQUIRED
  }

  /** The functions that an answer may call; empty where it may not. */
  public List<Function> callable() {
    return mode == Mode.NONE ? List.of() : named == null ? functions : List.of(named);
  }

  /**
   * @param definition the whole {@code {"type":"function","function":{…}}}
   * @param parameters JSON Schema of the arguments; null for none
   * @param path where in the body the parameters stand
   */
  public record Function(
      String name,
      JsonNode definition,
      @Nullable ObjectNode parameters,
      boolean strict,
      String path) {}
}
