package dev.postern.runners.encoder;

/**
 * @param threads that one batch uses
 * @param maxWaitingTokens most tokens queued and at work before further requests are refused
 * @param batchTokens most tokens, padding included, in one run of the model
 * @param batchRows most inputs in one run of the model
 */
public record EncoderLimits(int threads, int maxWaitingTokens, int batchTokens, int batchRows) {

  public static EncoderLimits defaults() {
    return new EncoderLimits(1, 1_000_000, 2048, 32);
  }
}
