package dev.postern.gateway.pipeline;

import dev.postern.runners.wire.InferenceRequest;
import dev.postern.tenancy.Limits;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How soon a call is served where others wait, which its {@code service_tier} asks for. */
enum ServiceTier {
  /** After all that are not flexible. */
  FLEX(-1),
  DEFAULT(0),
  /** Before all others; only for projects that may. */
  PRIORITY(1);

  private final int runnerPriority;

  ServiceTier(int runnerPriority) {
    this.runnerPriority = runnerPriority;
  }

  /** The tier that serves the request. Whoever asks for more than he may have gets the default. */
  static ServiceTier of(InferenceRequest request, Limits.Share share) {
    return switch (request.body().path("service_tier").asText()) {
      case "flex" -> FLEX;
      case "priority" -> share.priority() ? PRIORITY : DEFAULT;
      default -> DEFAULT;
    };
  }

  /** The word for the answer; null for who asked for no tier, as the API has it. */
  static @Nullable String answered(InferenceRequest request, Limits.Share share) {
    return request.body().hasNonNull("service_tier")
        ? of(request, share).name().toLowerCase(Locale.ROOT)
        : null;
  }

  int runnerPriority() {
    return runnerPriority;
  }
}
