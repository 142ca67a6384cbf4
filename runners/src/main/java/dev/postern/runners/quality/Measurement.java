package dev.postern.runners.quality;

import ai.onnxruntime.OrtException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelManifest;
import dev.postern.runners.scoring.ScoringSession;
import dev.postern.runners.scoring.ScoringSession.State;
import dev.postern.runners.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;

/** Compares stored formats of a model with its import in floats, on the processor, one thread. */
public final class Measurement {
  /** Longer texts are cut: the first few hundred tokens tell as much. */
  static final int MAX_TOKENS = 256;

  /** A text needs a token to read and one to expect. */
  private static final int MIN_TOKENS = 2;

  private final ModelFolder floats;
  private final EvaluationTexts texts;
  private final InstantSource clock;

  /**
   * @param floats the same model in {@code f32}
   */
  public Measurement(ModelFolder floats, EvaluationTexts texts, InstantSource clock) {
    this.floats = floats;
    this.texts = texts;
    this.clock = clock;
  }

  /** Measures those of the folders that have no row, and keeps the rows. */
  public void keepMissing(List<ModelFolder> models, StudyProgress progress)
      throws IOException, OrtException {
    for (ModelFolder model : models) {
      if (QualityRows.of(model).isEmpty()) {
        String step = "measuring " + model.manifest().weights();
        QualityRows.keep(model, of(model, share -> progress.at(step, share)));
      }
    }
  }

  /**
   * Measures one format.
   *
   * @param progress hears the share that is done, 0 to 1
   */
  public QualityRow of(ModelFolder model, DoubleConsumer progress)
      throws IOException, OrtException {
    List<int[]> tokens = tokens(model, texts);
    Divergence distance;
    try (ScoringSession reference =
            ScoringSession.open(
                floats.path().resolve(ModelFolder.GRAPH), ScoringSession.Memory.MAPPED);
        ScoringSession other =
            ScoringSession.open(
                model.path().resolve(ModelFolder.GRAPH), ScoringSession.Memory.FAST)) {
      distance = compare(reference, other, tokens, progress);
    }
    SpeedTrial.Result speed = SpeedTrial.run(model.path(), tokens);
    return new QualityRow(
        model.manifest().weights(),
        model.digest(),
        model.manifest().bytes(),
        speed.one(),
        speed.eight(),
        distance.divergence(),
        distance.perplexity(),
        distance.referencePerplexity(),
        distance.agreement(),
        distance.positions(),
        texts.digest(),
        clock.instant().toString());
  }

  static List<int[]> tokens(ModelFolder model, EvaluationTexts texts) throws IOException {
    ModelManifest.Tokens kinds = model.manifest().tokens();
    int most = Math.min(MAX_TOKENS, model.manifest().contextLength());
    List<int[]> all = new ArrayList<>();
    try (var tokenizer =
        ModelTokenizer.open(
            model.path().resolve(ModelFolder.TOKENIZER), kinds.first(), kinds.ends())) {
      for (String text : texts.texts()) {
        int[] tokens = tokenizer.encode(text, true);
        if (tokens.length >= MIN_TOKENS) {
          all.add(Arrays.copyOf(tokens, Math.min(tokens.length, most)));
        }
      }
    }
    if (all.isEmpty()) {
      throw new IllegalArgumentException("the texts are too short to measure with");
    }
    return all;
  }

  static Divergence compare(
      ScoringSession reference, ScoringSession other, List<int[]> texts, DoubleConsumer progress)
      throws OrtException {
    var distance = new Divergence();
    float[] expected = new float[reference.vocabulary()];
    float[] actual = new float[other.vocabulary()];
    for (int i = 0; i < texts.size(); i++) {
      int[] tokens = texts.get(i);
      int step = Math.min(reference.maxStep(), other.maxStep());
      State expectedState = reference.empty();
      State actualState = other.empty();
      for (int from = 0; from < tokens.length; from += step) {
        int count = Math.min(step, tokens.length - from);
        expectedState = onwards(reference, expectedState, tokens, from, count);
        actualState = onwards(other, actualState, tokens, from, count);
        for (int at = 0; at < count; at++) {
          reference.logits(at, expected);
          other.logits(at, actual);
          int next = from + at + 1;
          distance.add(expected, actual, next < tokens.length ? tokens[next] : Divergence.NOTHING);
        }
      }
      expectedState.close();
      actualState.close();
      progress.accept((i + 1.0) / texts.size());
    }
    return distance;
  }

  private static State onwards(
      ScoringSession session, State state, int[] tokens, int from, int count) throws OrtException {
    try (state) {
      return session.extend(state, tokens, from, count, count);
    }
  }
}
