package dev.postern.ops.runner;

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
  public static final RunnerPlace PRIVATE = new RunnerPlace("127.0.0.1", 0, "auto", null);

  /** How this machine reaches it. */
  String reachableHost() {
    return switch (host) {
      case "0.0.0.0", "::" -> "127.0.0.1";
      case String other -> other;
    };
  }
}
