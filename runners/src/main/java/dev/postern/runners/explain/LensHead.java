package dev.postern.runners.explain;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.postern.runners.scoring.ScoringSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/** The model's last norm and head, for the stream of any layer. */
final class LensHead implements AutoCloseable {
  private final ScoringSession.Piece piece;
  private final float[] nothing;
  private final int width;

  LensHead(byte[] graph, Path folder, int width) throws OrtException {
    this.piece = ScoringSession.piece(graph, folder);
    this.width = width;
    this.nothing = new float[width];
  }

  /**
   * @param streams rows of the model's width
   * @param row which of them
   */
  float[] logits(float[] streams, int row) throws OrtException {
    long[] shape = {1, 1, width};
    try (OnnxTensor stream =
            OnnxTensor.createTensor(
                piece.environment(), FloatBuffer.wrap(streams, row * width, width), shape);
        OnnxTensor delta =
            OnnxTensor.createTensor(piece.environment(), FloatBuffer.wrap(nothing), shape);
        OrtSession.Result result =
            piece
                .session()
                .run(Map.of(LensGraph.STREAM, stream, LensGraph.DELTA, delta), Set.of("logits"))) {
      return ((OnnxTensor) result.get(0)).getFloatBuffer().array();
    }
  }

  @Override
  public void close() {
    piece.close();
  }
}
