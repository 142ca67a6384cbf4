package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.UsageEvent;

/**
 * What of a call is billed: what was delivered. A prompt that the policy stopped costs nothing, and
 * neither does a call that failed before it produced anything.
 */
record Quantities(long input, long cached, long output) {
  private static final Quantities NOTHING = new Quantities(0, 0, 0);

  static Quantities of(UsageEvent event) {
    return switch (event.outcome()) {
      case PROMPT_BLOCKED -> NOTHING;
      case FAILED -> event.completionTokens() == 0 ? NOTHING : all(event);
      case COMPLETED, CANCELLED, OUTPUT_BLOCKED -> all(event);
    };
  }

  private static Quantities all(UsageEvent event) {
    long cached = Math.clamp(event.cachedTokens(), 0, event.promptTokens());
    return new Quantities(event.promptTokens() - cached, cached, event.completionTokens());
  }
}
