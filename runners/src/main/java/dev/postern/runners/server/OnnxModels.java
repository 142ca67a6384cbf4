package dev.postern.runners.server;

import dev.postern.runners.embedding.EmbedderConfig;
import dev.postern.runners.embedding.OnnxEmbedder;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ModelFolder;
import java.nio.file.Path;

/** Loads models into ONNX Runtime. */
record OnnxModels(EngineConfig engine) implements ModelLoader {
  private static final int FINGERPRINT = 12;

  @Override
  public LoadedModel load(String name, ModelRole role, Path folder) throws Exception {
    return switch (role) {
      case CHAT -> {
        var digest = ModelFolder.open(folder).digest();
        yield LoadedModel.Generative.of(
            name, OnnxGenerator.open(folder, engine), fingerprint(digest));
      }
      case EMBEDDING ->
          new LoadedModel.Embedding(name, OnnxEmbedder.open(folder, EmbedderConfig.defaults()));
    };
  }

  private static String fingerprint(String digest) {
    var hex = digest.substring(digest.indexOf(':') + 1);
    return "fp_" + hex.substring(0, Math.min(FINGERPRINT, hex.length()));
  }
}
