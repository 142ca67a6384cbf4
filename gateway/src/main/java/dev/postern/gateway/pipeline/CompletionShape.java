package dev.postern.gateway.pipeline;

import dev.postern.runners.wire.CompletionRequest;

/**
 * How many answers a legacy completion request produces.
 *
 * @param choices what the client gets, all prompts together
 * @param generated what the model has to produce for it; more with {@code best_of}
 */
record CompletionShape(int choices, int generated) {
  static CompletionShape of(CompletionRequest request) {
    var prompts = request.prompts().size() + request.tokenPrompts().size();
    var n = request.sampling().n();
    return new CompletionShape(prompts * n, prompts * Math.max(n, request.bestOf()));
  }
}
