package dev.postern.runners.server;

import ai.onnxruntime.OrtException;
import dev.postern.runners.encoder.EncoderLimits;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.encoder.OnnxEncoder;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.EncoderFolder;
import dev.postern.runners.importer.ModelFolder;
import java.io.IOException;
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
      case EMBEDDING -> encoder(name, EncoderRole.EMBEDDING, folder);
      case CLASSIFIER -> encoder(name, EncoderRole.CLASSIFIER, folder);
      case RERANKER -> encoder(name, EncoderRole.RERANKER, folder);
    };
  }

  private static LoadedModel encoder(String name, EncoderRole role, Path folder)
      throws IOException, OrtException {
    var settings = EncoderFolder.settings(folder);
    if (settings.role() != role) {
      throw new IOException(
          "%s is for %s, not for %s".formatted(name, settings.role().work(), role.work()));
    }
    return new LoadedModel.Encoding(
        name, OnnxEncoder.open(folder, settings, EncoderLimits.defaults()));
  }

  private static String fingerprint(String digest) {
    var hex = digest.substring(digest.indexOf(':') + 1);
    return "fp_" + hex.substring(0, Math.min(FINGERPRINT, hex.length()));
  }
}
