package dev.postern.runners.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokens, as its file lists them.
 *
 * @param pieces by id
 * @param kinds by id
 * @param style how pieces spell bytes, and the merges
 */
public record Vocabulary(List<String> pieces, List<Kind> kinds, Style style) {

  public Vocabulary {
    pieces = List.copyOf(pieces);
    kinds = List.copyOf(kinds);
  }

  /** What a token is. */
  public enum Kind {
    NORMAL,
    /** Never text: turns and ends. */
    CONTROL,
    /** Text that is matched before all else. */
    USER_DEFINED,
    /** One byte, spelled {@code <0x0A>}. */
    BYTE,
    UNKNOWN;

    /** By the numbers of sentencepiece_model.proto, which GGUF uses for all tokenizers. */
    public static Kind ofSentencePiece(int number) {
      return switch (number) {
        case 2 -> UNKNOWN;
        case 3 -> CONTROL;
        case 4 -> USER_DEFINED;
        case 6 -> BYTE;
        default -> NORMAL;
      };
    }
  }

  /** How a vocabulary spells text. */
  public sealed interface Style {}

  /**
   * GPT-2's: a character for each byte.
   *
   * @param merges pairs in order of rank, separated by a blank
   */
  public record ByteLevel(PreTokenizer preTokenizer, List<String> merges) implements Style {
    public ByteLevel {
      merges = List.copyOf(merges);
    }
  }

  /**
   * SentencePiece's: blanks are {@code ▁}, bytes outside the vocabulary have tokens of their own.
   *
   * @param scores by id; a higher one merges first
   */
  public record SentencePiece(Algorithm algorithm, float[] scores, Normalization normalization)
      implements Style {

    /**
     * What a GGUF file can say.
     *
     * @param prefixSpace whether a text gets a leading blank
     */
    public static SentencePiece merging(float[] scores, boolean prefixSpace) {
      return new SentencePiece(
          Algorithm.BPE, scores, new Normalization(new byte[0], prefixSpace, false));
    }
  }

  /**
   * BERT's: words between blanks and punctuation, each the longest pieces it begins with, of which
   * all but the first are spelled with {@code ##}.
   *
   * @param stripAccents null to do so where it makes letters small
   * @param first the token before a text
   * @param last the token behind a text
   * @param unknown the token for a word that has no pieces
   */
  public record WordPiece(
      boolean lowerCase,
      @Nullable Boolean stripAccents,
      boolean splitChinese,
      int first,
      int last,
      int unknown)
      implements Style {}

  /** How a text becomes pieces. */
  public enum Algorithm {
    /** By merging the pair that makes the piece of the highest score, as long as there is one. */
    BPE,
    /** By the pieces whose scores have the highest sum. */
    UNIGRAM
  }

  /**
   * What happens to a text before it becomes pieces.
   *
   * @param characterMap replacements of characters as SentencePiece compiles them; empty for none
   * @param prefixSpace whether it gets a leading blank
   * @param collapseSpaces whether of its blanks those at the ends go, and one of each run stays
   */
  public record Normalization(byte[] characterMap, boolean prefixSpace, boolean collapseSpaces) {}

  /** SentencePiece keeps scores; the merges that follow from them, in order of rank. */
  List<String> mergesByScore(SentencePiece style) {
    record Merge(String left, String right, float score) {}
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < pieces.size(); id++) {
      ids.putIfAbsent(pieces.get(id), id);
    }
    List<Merge> merges = new ArrayList<>();
    for (int id = 0; id < pieces.size(); id++) {
      String piece = pieces.get(id);
      if (kinds.get(id) != Kind.NORMAL || piece.length() > MAX_MERGED) {
        continue;
      }
      List<Merge> ofPiece = new ArrayList<>();
      for (int cut = 1; cut < piece.length(); cut++) {
        var merge = new Merge(piece.substring(0, cut), piece.substring(cut), style.scores()[id]);
        if (ids.containsKey(merge.left) && ids.containsKey(merge.right)) {
          ofPiece.add(merge);
        }
      }
      ofPiece.sort(
          Comparator.comparing((Merge merge) -> ids.get(merge.left))
              .thenComparing(merge -> ids.get(merge.right)));
      merges.addAll(ofPiece);
    }
    merges.sort(
        Comparator.comparingDouble((Merge merge) -> merge.score)
            .thenComparingInt(merge -> merge.left.length())
            .thenComparingInt(merge -> merge.right.length())
            .reversed());
    return merges.stream().map(merge -> merge.left + " " + merge.right).toList();
  }

  /** Longer pieces are never merged; keeps a hostile file's quadratic cost small. */
  private static final int MAX_MERGED = 512;
}
