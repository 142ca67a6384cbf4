package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxModelsIT {
  @TempDir private Path folder;

  @Test
  void promisesAModelRoomForItsAdaptersAndForTheirSession() throws Exception {
    Path source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(1));
    var model =
        new ModelImport(folder.resolve("cache"), new RowInt8Format())
            .run(source, null, ImportProgress.NONE);
    long adapters = OnnxGenerator.adapterBytes(model.manifest());
    assertThat(adapters).isPositive();
    var facts =
        new OnnxModels(EngineConfig.defaults())
            .inspect(new ModelSource("tiny", ModelRole.CHAT, model.path()));
    assertThat(facts.footprint().fixedBytes())
        .isGreaterThan(2 * model.manifest().bytes() + adapters);
  }
}
