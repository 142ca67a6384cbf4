package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.tokenizer.PreTokenizer;
import dev.postern.runners.tokenizer.Vocabulary;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads a tokenizer from a GGUF file's metadata. */
final class GgufVocabulary {
  /** Texts that end a turn in the chat formats of the family, whatever the file's eos says. */
  static final Set<String> END_TEXTS =
      Set.of(
          "<|im_end|>",
          "<|endoftext|>",
          "<|eot_id|>",
          "<|eom_id|>",
          "<|end_of_text|>",
          "<|end|>",
          "<end_of_turn>");

  private GgufVocabulary() {}

  static Vocabulary read(Gguf file, int size) {
    String[] pieces = required(file.strings("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens");
    if (pieces.length != size) {
      throw malformed(
          "it lists %d tokens for an embedding of %d rows".formatted(pieces.length, size));
    }
    if (new HashSet<>(List.of(pieces)).size() != size) {
      throw malformed("its vocabulary has a token twice");
    }
    return new Vocabulary(List.of(pieces), kinds(file, size), style(file, size));
  }

  private static List<Kind> kinds(Gguf file, int size) {
    int[] numbers = file.integers("tokenizer.ggml.token_type");
    if (numbers != null && numbers.length != size) {
      throw malformed("its token types do not match its tokens");
    }
    return numbers == null
        ? Collections.nCopies(size, Kind.NORMAL)
        : Arrays.stream(numbers).mapToObj(Kind::ofSentencePiece).toList();
  }

  private static Vocabulary.Style style(Gguf file, int size) {
    String model = file.string("tokenizer.ggml.model").orElse("");
    return switch (model) {
      case "gpt2" -> {
        String name = file.string("tokenizer.ggml.pre").orElse("default");
        PreTokenizer rule =
            PreTokenizer.named(name)
                .orElseThrow(() -> unsupported("its pre-tokenizer '" + name + "' is not known"));
        String[] merges = required(file.strings("tokenizer.ggml.merges"), "tokenizer.ggml.merges");
        yield new Vocabulary.ByteLevel(rule, List.of(merges));
      }
      case "llama" -> {
        float[] scores = file.floats("tokenizer.ggml.scores");
        if (scores == null || scores.length != size) {
          throw malformed("its token scores do not match its tokens");
        }
        yield Vocabulary.SentencePiece.merging(
            scores, file.bool("tokenizer.ggml.add_space_prefix").orElse(true));
      }
      default -> throw unsupported("its tokenizer model '" + model + "' is not known");
    };
  }

  static ModelManifest.Tokens tokens(Gguf file, Vocabulary vocabulary) {
    int size = vocabulary.pieces().size();
    Optional<Integer> beginning = token(file, "tokenizer.ggml.bos_token_id", size);
    Optional<Integer> end = token(file, "tokenizer.ggml.eos_token_id", size);
    // SentencePiece models begin each text with their token unless the file says otherwise.
    boolean begins =
        file.bool("tokenizer.ggml.add_bos_token")
            .orElse(
                switch (vocabulary.style()) {
                  case Vocabulary.SentencePiece _, Vocabulary.WordPiece _ -> true;
                  case Vocabulary.ByteLevel style -> style.preTokenizer().begins();
                });
    var ends = new TreeSet<Integer>();
    end.ifPresent(ends::add);
    token(file, "tokenizer.ggml.eot_token_id", size).ifPresent(ends::add);
    for (int id = 0; id < size; id++) {
      if (vocabulary.kinds().get(id) != Kind.NORMAL
          && END_TEXTS.contains(vocabulary.pieces().get(id))) {
        ends.add(id);
      }
    }
    return new ModelManifest.Tokens(
        beginning.orElse(null), end.orElse(null), begins && beginning.isPresent(), ends);
  }

  private static Optional<Integer> token(Gguf file, String key, int size) {
    Optional<Long> id = file.integer(key);
    if (id.isPresent() && (id.get() < 0 || id.get() >= size)) {
      throw malformed("'" + key + "' is not in the vocabulary");
    }
    return id.map(Long::intValue);
  }

  private static String[] required(String @Nullable [] values, String key) {
    if (values == null) {
      throw malformed("it lacks '" + key + "'");
    }
    return values;
  }
}
