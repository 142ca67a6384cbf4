package dev.postern.runners.engine;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides where a model runs. CUDA is only taken when it loads and gives the processor's answer to
 * a few tokens; keys and values stay in the process's memory there too, so it is correct before it
 * is fast.
 */
final class ProviderChoice {
  private static final Logger LOG = LoggerFactory.getLogger(ProviderChoice.class);
  private static final int[] PROBE = {0, 1, 2, 1};
  private static final double TOLERANCE = 0.1;

  private ProviderChoice() {}

  static Decoder open(Path graph, EngineConfig config, int contextLength) throws OrtException {
    return switch (config.provider()) {
      case CPU -> OnnxDecoder.open(graph, config, contextLength, false);
      case CUDA -> onCuda(graph, config, contextLength);
      case AUTO -> {
        try {
          yield onCuda(graph, config, contextLength);
        } catch (OrtException reason) {
          LOG.info("generating on the processor: {}", reason.getMessage());
          yield OnnxDecoder.open(graph, config, contextLength, false);
        }
      }
    };
  }

  private static Decoder onCuda(Path graph, EngineConfig config, int contextLength)
      throws OrtException {
    if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
      throw new OrtException("this build of ONNX Runtime has no CUDA");
    }
    Decoder device = OnnxDecoder.open(graph, config, contextLength, true);
    try (Decoder processor = OnnxDecoder.open(graph, config, contextLength, false)) {
      check(device, processor);
      LOG.info("generating on CUDA");
      return device;
    } catch (OrtException | RuntimeException failure) {
      device.close();
      throw failure;
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
