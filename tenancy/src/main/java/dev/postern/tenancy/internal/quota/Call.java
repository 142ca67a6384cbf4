package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Quotas;

/** A demand and what its tokens cost. */
record Call(Quotas.Demand demand, TokenCost cost) {

  long minTokens() {
    return demand.promptTokens() + demand.minCompletionTokens();
  }

  long maxTokens() {
    return demand.promptTokens() + demand.maxCompletionTokens();
  }

  long minNanos() {
    return cost.nanos(demand.promptTokens(), demand.minCompletionTokens());
  }

  long maxNanos() {
    return cost.nanos(demand.promptTokens(), demand.maxCompletionTokens());
  }
}
