package dev.postern.runners.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.engine.Logits;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.explain.Explainer.Question;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.scoring.ScoringSession;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.tokenizer.ModelTokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ExplainerIT {
  private static final int[] NOTHING = {};

  @TempDir private static Path folder;
  private static Path model;
  private static ModelTokenizer tokenizer;
  private static Explainer explainer;

  @BeforeAll
  static void open() throws Exception {
    Path gguf = folder.resolve("tiny.gguf");
    Files.write(gguf, TinyLlama.gguf(5));
    model =
        new ModelImport(folder, new BlockInt8Format()).run(gguf, null, ImportProgress.NONE).path();
    tokenizer =
        ModelTokenizer.open(model.resolve(ModelFolder.TOKENIZER), Optional.empty(), Set.of(2));
    explainer = Explainer.open(model, tokenizer, () -> false);
  }

  @AfterAll
  static void close() {
    explainer.close();
    tokenizer.close();
  }

  private static int[] prompt() {
    return tokenizer.encode("<|im_start|>user\nwell hello you<|im_end|>\n", true);
  }

  @Test
  void writesTheLikeliestAnswerAndItsAlternatives() throws Exception {
    var found = explainer.explain(new Question(prompt(), NOTHING, 6, 3, false, false));
    assertThat(found.generated()).isTrue();
    assertThat(found.answer()).hasSizeBetween(1, 6);
    assertThat(found.tokens())
        .allSatisfy(token -> {
          assertThat(token.top()).hasSize(3);
          assertThat(token.top().getFirst().id()).isEqualTo(token.id());
          assertThat(token.top().getFirst().logprob()).isEqualTo(token.logprob());
        });
    assertThat(found.spans()).isEmpty();
    assertThat(found.layers()).isEmpty();
  }

  @Test
  void theLastLayerSaysWhatTheModelSays() throws Exception {
    int[] answer = tokenizer.encode(" hell of a day", false);
    var found = explainer.explain(new Question(prompt(), answer, 1, 5, false, true));
    assertThat(found.layers()).hasSize(TinyLlama.LAYERS + 1);
    assertThat(found.layers()).allMatch(layer -> layer.cells().size() == answer.length);
    var last = found.layers().getLast().cells();
    for (int i = 0; i < answer.length; i++) {
      var token = found.tokens().get(i);
      assertThat(last.get(i).answerProbability())
          .isCloseTo(Math.exp(token.logprob()), within(1e-3));
      assertThat(last.get(i).id()).isEqualTo(token.top().getFirst().id());
      assertThat(last.get(i).answerRank()).isPositive();
    }
  }

  @Test
  void aPartsEffectIsWhatLeavingItOutChanges() throws Exception {
    int[] prompt = prompt();
    int[] answer = tokenizer.encode("hello", false);
    var found = explainer.explain(new Question(prompt, answer, 1, 0, true, false));
    assertThat(found.spans()).hasSizeGreaterThan(3);
    double whole = logprob(prompt, answer);
    assertThat(found.logprob()).isCloseTo(whole, within(1e-3));
    for (var span : found.spans()) {
      int[] without = new int[prompt.length - (span.to() - span.from())];
      System.arraycopy(prompt, 0, without, 0, span.from());
      System.arraycopy(prompt, span.to(), without, span.from(), prompt.length - span.to());
      assertThat(span.effect()).isCloseTo(whole - logprob(without, answer), within(1e-3));
    }
  }

  private static double logprob(int[] prompt, int[] answer) throws Exception {
    int[] all = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, all, prompt.length, answer.length);
    double sum = 0;
    try (var session =
        ScoringSession.open(model.resolve(ModelFolder.GRAPH), ScoringSession.Memory.FAST)) {
      session.extend(session.empty(), all, 0, all.length - 1, answer.length).close();
      float[] logits = new float[session.vocabulary()];
      for (int i = 0; i < answer.length; i++) {
        session.logits(i, logits);
        sum += logits[answer[i]] - Logits.logSumExp(logits);
      }
    }
    return sum;
  }

  @Test
  void aTextThatTheModelWouldWriteItselfIsKnownByHeart() throws Exception {
    int[] prefix = tokenizer.encode("well hello", false);
    int[] rest = explainer.explain(new Question(prefix, NOTHING, 12, 0, false, false)).answer();
    int[] text = Arrays.copyOf(prefix, prefix.length + rest.length);
    System.arraycopy(rest, 0, text, prefix.length, rest.length);
    var known = explainer.probe(text, prefix.length);
    assertThat(known.exact()).isEqualTo(rest.length);
    assertThat(known.similarity()).isEqualTo(1);
    assertThat(known.logprob()).isGreaterThan(known.variantLogprob());
    assertThat(known.exposure()).isBetween(3.0, 5.0);
    assertThat(explainer.probe(text, prefix.length)).usingRecursiveComparison().isEqualTo(known);
  }

  @Test
  void aTextOfChanceIsNot() throws Exception {
    int[] text = tokenizer.encode("qz#7 0!x vK 9912 8 uw", false);
    var unknown = explainer.probe(text, 4);
    assertThat(unknown.variants()).isEqualTo("digits");
    assertThat(unknown.exact()).isLessThan(unknown.rest().length);
    assertThat(unknown.similarity()).isLessThan(0.6);
    assertThat(unknown.rank()).isBetween(1, 32);
  }

  @Test
  void endsBetweenTwoStepsWhenNobodyWaits() throws Exception {
    try (var left = Explainer.open(model, tokenizer, () -> true)) {
      assertThatThrownBy(() -> left.explain(new Question(prompt(), NOTHING, 4, 0, true, true)))
          .isInstanceOf(CancellationException.class);
    }
  }

  @Test
  void partsAreWordsThatControlTokensDivide() {
    int[] prompt = prompt();
    var words = Spans.of(prompt, tokenizer, 64);
    assertThat(words.stream().map(span -> text(prompt, span.from(), span.to())))
        .containsExactly("user", "\nwell", " hello", " you", "\n");
    var fewer = Spans.of(prompt, tokenizer, 3);
    assertThat(fewer.stream().map(span -> text(prompt, span.from(), span.to())))
        .containsExactly("user\nwell", " hello you", "\n");
    assertThat(Spans.of(prompt, tokenizer, 1)).hasSize(1);
  }

  private static String text(int[] tokens, int from, int to) {
    var text = new StringBuilder();
    Tokenizer all = tokenizer;
    for (int at = from; at < to; at++) {
      text.append(new String(all.bytes(tokens[at]), StandardCharsets.UTF_8));
    }
    return text.toString();
  }

  @Test
  void distanceIsLevenshteins() {
    assertThat(Memorisation.distance(new int[] {1, 2, 3, 4}, new int[] {1, 3, 4, 5})).isEqualTo(2);
    assertThat(Memorisation.distance(NOTHING, new int[] {1, 2})).isEqualTo(2);
    assertThat(Memorisation.distance(new int[] {7, 8}, new int[] {7, 8})).isZero();
  }
}
