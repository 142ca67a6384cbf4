package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.ort.CudaRuntime;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides where a model runs. CUDA is only taken for a model in half precision, when it loads, and
 * when it gives the processor's answer to a few tokens.
 */
final class ProviderChoice {
  private static final Logger LOG = LoggerFactory.getLogger(ProviderChoice.class);
  private static final int[] PROBE = {0, 1, 2, 1};
  private static final double TOLERANCE = 0.1;

  /** On the processor a larger model would take longer and more memory than the proof is worth. */
  private static final long MOST_BYTES_TO_COMPARE = 1L << 30;

  private static final int PROBE_CONTEXT = 16;

  private ProviderChoice() {}

  /**
   * @throws OrtException when the device that is demanded cannot be used
   * @throws ImportException when it cannot run the model's format
   */
  static Decoder open(ModelFolder model, EngineConfig config) throws OrtException {
    return switch (config.provider()) {
      case CPU -> onProcessor(model, config);
      case CUDA -> onCuda(model, config);
      case AUTO -> {
        try {
          yield onCuda(model, config);
        } catch (OrtException | ImportException reason) {
          LOG.info("{} runs on the processor: {}", name(model), reason.getMessage());
          yield onProcessor(model, config);
        }
      }
    };
  }

  private static String name(ModelFolder model) {
    return model.manifest().name() + " in " + model.manifest().weights();
  }

  private static Path graph(ModelFolder model) {
    return model.path().resolve(ModelFolder.GRAPH);
  }

  private static Decoder onProcessor(ModelFolder model, EngineConfig config) throws OrtException {
    int context = model.manifest().contextLength();
    return model.manifest().weights().equals(HalfFormat.NAME)
        ? BoundDecoder.open(graph(model), config, context, new Placement.Processor())
        : OnnxDecoder.open(graph(model), config, context);
  }

  private static Decoder onCuda(ModelFolder model, EngineConfig config) throws OrtException {
    Device device = Device.settle(config.withProvider(EngineConfig.Provider.CUDA));
    requireHalves(model.manifest().weights());
    Decoder decoder =
        BoundDecoder.open(
            graph(model),
            config,
            model.manifest().contextLength(),
            new Placement.Cuda(new CudaRuntime(), config.device()));
    try {
      compare(decoder, model, config);
      LOG.info("{} runs on {}", name(model), device.name());
      return decoder;
    } catch (OrtException | RuntimeException failure) {
      decoder.close();
      throw failure;
    }
  }

  static void requireHalves(String weights) {
    if (!weights.equals(HalfFormat.NAME)) {
      throw ImportException.unsupported(
          "its weights are in the format %s, which runs on processors only; a CUDA device runs %s"
              .formatted(weights, HalfFormat.NAME));
    }
  }

  private static void compare(Decoder device, ModelFolder model, EngineConfig config)
      throws OrtException {
    if (model.manifest().bytes() > MOST_BYTES_TO_COMPARE) {
      return;
    }
    EngineConfig small = config.withMaxRows(1).withMaxContext(PROBE_CONTEXT);
    try (Decoder processor = onProcessor(model, small)) {
      check(device, processor);
    }
  }

  /**
   * @throws OrtException when the two do not agree on a prompt and a step after it
   */
  static void check(Decoder device, Decoder processor) throws OrtException {
    float[] actual = new float[device.vocabulary()];
    float[] expected = new float[processor.vocabulary()];
    for (Decoder decoder : new Decoder[] {device, processor}) {
      decoder.prefill(0, PROBE, 0, PROBE.length - 1, false);
      decoder.decode(1, new int[] {PROBE[PROBE.length - 1]});
      decoder.logits(0, decoder == device ? actual : expected);
      decoder.clear(0);
    }
    int likeliest = Logits.likeliest(expected);
    double difference =
        (actual[likeliest] - Logits.logSumExp(actual))
            - (expected[likeliest] - Logits.logSumExp(expected));
    if (!(Math.abs(difference) < TOLERANCE)) {
      throw new OrtException("CUDA gives another answer than the processor");
    }
  }
}
