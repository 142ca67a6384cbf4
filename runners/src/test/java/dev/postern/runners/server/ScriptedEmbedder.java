package dev.postern.runners.server;

import dev.postern.runners.embedding.Embedder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Each input's vector is its length and one half. */
final class ScriptedEmbedder implements Embedder {
  @Override
  public int dimensions() {
    return 2;
  }

  @Override
  public int maxTokens() {
    return 100;
  }

  @Override
  public int[] tokenize(String text, String path) {
    return new int[text.getBytes(StandardCharsets.UTF_8).length];
  }

  @Override
  public int[] frame(int[] ids, String path) {
    return ids;
  }

  @Override
  public CompletableFuture<Embeddings> embed(List<int[]> inputs, @Nullable Integer dimensions) {
    var vectors =
        inputs.stream()
            .map(input -> dimensions == null ? new float[] {input.length, 0.5f} : new float[] {1})
            .toList();
    int tokens = inputs.stream().mapToInt(input -> input.length).sum();
    return CompletableFuture.completedFuture(new Embeddings(vectors, tokens, 5, 70));
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
