package dev.postern.runners.server;

import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.encoder.EncoderSettings;
import dev.postern.runners.encoder.Pooling;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * A token is a byte. A row is 3 and 4; a classifier's 0 and the length; a reranker's the length.
 */
record ScriptedEncoder(EncoderSettings settings) implements Encoder {
  static ScriptedEncoder of(EncoderRole role, String... labels) {
    return new ScriptedEncoder(
        new EncoderSettings(role, 100, Pooling.MEAN, List.of(labels), false));
  }

  @Override
  public int width() {
    return settings.role() == EncoderRole.RERANKER ? 1 : 2;
  }

  @Override
  public Input text(String text, String path) {
    return framed(new int[text.getBytes(StandardCharsets.UTF_8).length], path);
  }

  @Override
  public Input pair(String query, String document, int documentTokens) {
    return text(query + document.substring(0, Math.min(document.length(), documentTokens)), "");
  }

  @Override
  public Input framed(int[] ids, String path) {
    return new Input(ids, new int[ids.length]);
  }

  @Override
  public CompletableFuture<Rows> encode(List<Input> inputs) {
    int tokens = inputs.stream().mapToInt(Input::length).sum();
    return CompletableFuture.completedFuture(
        new Rows(inputs.stream().map(this::row).toList(), tokens, 5, 70));
  }

  private float[] row(Input input) {
    return switch (settings.role()) {
      case EMBEDDING -> new float[] {3, 4};
      case CLASSIFIER -> new float[] {0, input.length()};
      case RERANKER -> new float[] {input.length()};
    };
  }

  @Override
  public int waitingTokens() {
    return 0;
  }

  @Override
  public Duration step() {
    return Duration.ZERO;
  }

  @Override
  public void close() {}
}
