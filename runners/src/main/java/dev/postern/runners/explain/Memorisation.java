package dev.postern.runners.explain;

import ai.onnxruntime.OrtException;
import dev.postern.runners.engine.Logits;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.scoring.ScoringSession.State;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Whether a model knows a text by heart. It is given the text's first tokens; then
 *
 * <ul>
 *   <li>its greedy continuation is laid beside the rest;
 *   <li>the rest's log probability is ranked among variants of it: where it has at least four
 *       digits, the same with other random digits (a secret of the same form); otherwise with a
 *       fifth of its tokens drawn anew from what the model itself finds likely there. Texts that
 *       are only easy are about as likely as their variants; learnt ones stand out.
 * </ul>
 *
 * @param prefix tokens given
 * @param rest tokens it should go on with
 * @param continuation what it goes on with, as many tokens
 * @param exact how many tokens are right before the first that is not
 * @param similarity 1 − Levenshtein distance of the tokens / their number
 * @param logprob of the rest, a token, in nats
 * @param variants how the variants were made: {@code digits} or {@code neighbours}
 * @param variantLogprob mean of the variants', a token
 * @param rank of the rest among the variants and itself, from 1
 * @param exposure log2(variants + 1) − log2(rank): 0 to 5 bits
 * @param read how many tokens the model has read in all, for the cost
 */
public record Memorisation(
    int[] prefix,
    int[] rest,
    int[] continuation,
    int exact,
    double similarity,
    double logprob,
    String variants,
    double variantLogprob,
    int rank,
    double exposure,
    int read) {

  /** The most tokens of a text. */
  public static final int MAX_TEXT = 256;

  private static final int VARIANTS = 31;
  private static final int DIGITS = 4;
  private static final int DRAWN_PER_TOKENS = 5;
  private static final int CHOICES = 8;

  /** The same text gets the same variants on every run. */
  private static final long SEED = 20_240_501;

  /**
   * @param text at least two tokens
   * @param prefix 1 to one less than the text's
   */
  static Memorisation probe(
      Explainer model, Reader reader, Tokenizer tokenizer, int[] text, int prefix)
      throws OrtException {
    int[] given = Arrays.copyOf(text, prefix);
    int[] rest = Arrays.copyOfRange(text, prefix, text.length);
    int[] continuation = model.greedy(reader, given, rest.length, false);
    // The last given token is read again with each variant: it is what their first token follows.
    int[] last = {given[prefix - 1]};
    State state =
        reader.on(
            reader.empty(),
            Arrays.copyOf(given, prefix - 1),
            0,
            Set.of(),
            (at, logits, step, inStep) -> {});
    try {
      double own = reader.logprob(state, last, rest) / rest.length;
      boolean digits = digits(tokenizer, rest) >= DIGITS;
      var random = new Random(SEED);
      int[][] likely = digits ? new int[0][] : likely(reader, state, last, rest);
      int rank = 1;
      double sum = 0;
      for (int i = 0; i < VARIANTS; i++) {
        int[] variant =
            digits ? otherDigits(tokenizer, rest, random) : neighbour(rest, likely, random);
        double logprob = reader.logprob(state, last, variant) / variant.length;
        sum += logprob;
        if (logprob >= own) {
          rank++;
        }
      }
      return new Memorisation(
          given,
          rest,
          continuation,
          exact(rest, continuation),
          1 - (double) distance(rest, continuation) / rest.length,
          own,
          digits ? "digits" : "neighbours",
          sum / VARIANTS,
          rank,
          (Math.log(VARIANTS + 1) - Math.log(rank)) / Math.log(2),
          reader.read());
    } finally {
      state.close();
    }
  }

  private static String text(Tokenizer tokenizer, int id) {
    return new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
  }

  private static long digits(Tokenizer tokenizer, int[] tokens) {
    return Arrays.stream(tokens)
        .mapToObj(id -> text(tokenizer, id))
        .flatMapToInt(String::chars)
        .filter(Character::isDigit)
        .count();
  }

  /** The same text with other digits, token by token where they stand alone. */
  private static int[] otherDigits(Tokenizer tokenizer, int[] tokens, Random random) {
    List<Integer> changed = new ArrayList<>();
    for (int id : tokens) {
      String text = text(tokenizer, id);
      if (text.chars().noneMatch(Character::isDigit)) {
        changed.add(id);
        continue;
      }
      StringBuilder other = new StringBuilder();
      for (char c : text.toCharArray()) {
        other.append(Character.isDigit(c) ? (char) ('0' + random.nextInt(10)) : c);
      }
      for (int part : tokenizer.encode(other.toString(), false)) {
        changed.add(part);
      }
    }
    return changed.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The likeliest tokens in the place of each, without itself. */
  private static int[][] likely(Reader reader, State state, int[] last, int[] rest)
      throws OrtException {
    int[] read = new int[rest.length];
    System.arraycopy(last, 0, read, 0, 1);
    System.arraycopy(rest, 0, read, 1, rest.length - 1);
    int[][] likely = new int[rest.length][];
    reader
        .on(
            state,
            read,
            rest.length,
            Set.of(),
            (at, logits, step, inStep) ->
                likely[at] =
                    Arrays.stream(Logits.largest(logits, CHOICES + 1))
                        .filter(id -> id != rest[at])
                        .limit(CHOICES)
                        .toArray())
        .close();
    return likely;
  }

  private static int[] neighbour(int[] rest, int[][] likely, Random random) {
    int[] changed = rest.clone();
    int drawn = Math.ceilDiv(rest.length, DRAWN_PER_TOKENS);
    for (int i = 0; i < drawn; i++) {
      int at = random.nextInt(rest.length);
      changed[at] = likely[at][random.nextInt(likely[at].length)];
    }
    return changed;
  }

  private static int exact(int[] rest, int[] continuation) {
    int first = Arrays.mismatch(rest, continuation);
    return first < 0 ? rest.length : first;
  }

  /** Levenshtein's, over tokens. */
  static int distance(int[] left, int[] right) {
    int[] row = new int[right.length + 1];
    for (int j = 0; j <= right.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= left.length; i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length; j++) {
        int substituted = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[right.length];
  }
}
