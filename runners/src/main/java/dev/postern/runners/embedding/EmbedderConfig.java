package dev.postern.runners.embedding;

/**
 * @param threads that one batch uses
 * @param maxWaitingTokens most tokens queued and at work before further requests are refused
 * @param batchTokens most tokens, padding included, in one run of the model
 * @param batchRows most inputs in one run of the model
 */
public record EmbedderConfig(int threads, int maxWaitingTokens, int batchTokens, int batchRows) {

  public static EmbedderConfig defaults() {
    return new EmbedderConfig(1, 1_000_000, 2048, 32);
  }
}
