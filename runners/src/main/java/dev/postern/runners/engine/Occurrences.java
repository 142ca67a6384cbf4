package dev.postern.runners.engine;

import dev.postern.runners.wire.Sampling;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The tokens of one generation that its penalties and biases touch. They are applied to the logits
 * in place and taken back, so that a step costs as much as there are such tokens, whatever the size
 * of the vocabulary.
 */
final class Occurrences {
  private static final int PROMPT_ONLY = -1;

  private final Sampling sampling;
  private final Map<Integer, Integer> places = new HashMap<>();
  private int[] ids = new int[16];
  private int[] produced = new int[16];
  private float[] saved = new float[16];
  private int size;

  Occurrences(Sampling sampling, int[] prompt) {
    this.sampling = sampling;
    sampling.logitBias().keySet().forEach(this::place);
    if (sampling.repetitionPenalty() != 1) {
      for (int id : prompt) {
        produced[place(id)] = PROMPT_ONLY;
      }
    }
  }

  private int place(int id) {
    Integer known = places.get(id);
    if (known != null) {
      return known;
    }
    if (size == ids.length) {
      ids = Arrays.copyOf(ids, 2 * size);
      produced = Arrays.copyOf(produced, 2 * size);
      saved = Arrays.copyOf(saved, 2 * size);
    }
    ids[size] = id;
    places.put(id, size);
    return size++;
  }

  /** Notes a token of the answer. */
  void count(int id) {
    if (sampling.presencePenalty() != 0
        || sampling.frequencyPenalty() != 0
        || sampling.repetitionPenalty() != 1) {
      int place = place(id);
      produced[place] = Math.max(produced[place], 0) + 1;
    }
  }

  /** Changes the logits; {@link #restore} takes it back. */
  void apply(float[] logits) {
    for (int i = 0; i < size; i++) {
      if (ids[i] < logits.length) {
        saved[i] = logits[ids[i]];
        logits[ids[i]] = adjusted(ids[i], logits[ids[i]], produced[i]);
      }
    }
  }

  void restore(float[] logits) {
    for (int i = 0; i < size; i++) {
      if (ids[i] < logits.length) {
        logits[ids[i]] = saved[i];
      }
    }
  }

  private float adjusted(int id, float logit, int count) {
    double value = logit;
    if (count != 0) {
      double penalty = sampling.repetitionPenalty();
      value = value > 0 ? value / penalty : value * penalty;
    }
    if (count > 0) {
      value -= sampling.presencePenalty() + count * sampling.frequencyPenalty();
    }
    double bias = sampling.logitBias().getOrDefault(id, 0.0);
    return bias <= -100 ? Float.NEGATIVE_INFINITY : (float) (value + bias);
  }
}
