package dev.postern.ops.runner;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a runner listens and what it may use.
 *
 * @param port 0 takes a free one
 * @param device {@code cpu}, {@code cuda:0}, or {@code auto}
 * @param memory the most of its process, such as {@code 4g}; null for four fifths of the machine's
 */
public record RunnerPlace(String host, int port, String device, @Nullable String memory) {
  /** For the gateway of this machine alone. */
  static RunnerPlace ofThisMachine(String device) {
    return new RunnerPlace("127.0.0.1", 0, device, null);
  }

  /** A place for each device, on ports that follow one another. */
  public List<RunnerPlace> onEach(Devices devices) {
    var places = new ArrayList<RunnerPlace>();
    for (var device : devices.names()) {
      places.add(new RunnerPlace(host, port == 0 ? 0 : port + places.size(), device, memory));
    }
    return places;
  }

  /** How this machine reaches it. */
  String reachableHost() {
    return switch (host) {
      case "0.0.0.0", "::" -> "127.0.0.1";
      case String other -> other;
    };
  }
}
