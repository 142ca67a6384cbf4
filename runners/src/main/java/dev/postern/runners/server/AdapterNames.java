package dev.postern.runners.server;

import dev.postern.runners.wire.BadRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names under which models answer with an adapter: those that were given, and {@code
 * model@sha256:…} for any. Names hold no memory: an adapter is loaded when it is used. Belongs to
 * the server's event loop.
 */
final class AdapterNames {
  private static final int MAX_NAMES = 10_000;
  private static final String DIGEST = "@sha256:";

  private final Map<String, Adapted> names = new LinkedHashMap<>();

  /**
   * @param name what requests call it
   * @param model name of the model that the adapter is applied to
   * @param digest of the adapter
   */
  record Adapted(String name, String model, String digest) {}

  void put(Adapted adapted) {
    if (names.size() >= MAX_NAMES && !names.containsKey(adapted.name())) {
      throw new BadRequest("This runner knows too many adapters.", "name", "invalid_value");
    }
    names.put(adapted.name(), adapted);
  }

  boolean remove(String name) {
    return names.remove(name) != null;
  }

  @Nullable Adapted find(String name) {
    var given = names.get(name);
    int end = name.lastIndexOf(DIGEST);
    return given != null || end < 1
        ? given
        : new Adapted(name, name.substring(0, end), name.substring(end + 1));
  }

  List<Adapted> all() {
    return List.copyOf(names.values());
  }
}
