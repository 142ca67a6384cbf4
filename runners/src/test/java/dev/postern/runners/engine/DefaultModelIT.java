package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.Sampling;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real default model; skipped where its package cannot be had. */
@Timeout(300)
class DefaultModelIT {
  private static OnnxGenerator generator;

  @BeforeAll
  static void open() throws Exception {
    try {
      ModelFolder model =
          new DefaultModels(DefaultModels.userCache())
              .chat(ServedFormat.choose(), ImportProgress.NONE);
      generator =
          OnnxGenerator.open(
              model.path(),
              EngineConfig.defaults().withProvider(EngineConfig.Provider.CPU).withMaxRows(4));
    } catch (ImportException unreachable) {
      abort("the default model is not there: " + unreachable.getMessage());
    }
  }

  @AfterAll
  static void close() {
    if (generator != null) {
      generator.close();
    }
  }

  private static int[] prompt(String question) {
    String text = generator.renderChat(Conversation.of(List.of(Turn.of("user", question))));
    return generator.tokenizer().encode(text, true);
  }

  private static Recording submit(int[] prompt, int count) {
    var greedy = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), true, 3);
    var listener = new Recording();
    generator.submit(Request.of(prompt, greedy, count), listener);
    return listener;
  }

  private static String text(List<Integer> ids) {
    var bytes = new ByteArrayOutputStream();
    ids.forEach(id -> bytes.writeBytes(generator.tokenizer().bytes(id)));
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void keysAndValuesThatAreBoundGiveTheSameTokens() throws Exception {
    int[] prompt = prompt("What is the capital of France?");
    var config = EngineConfig.defaults().withMaxRows(2).withMaxContext(256);
    var graph = generator.modelFolder().orElseThrow().resolve(ModelFolder.GRAPH);
    List<Integer> expected;
    try (var plain = OnnxDecoder.open(graph, config, 256)) {
      expected = greedy(plain, prompt);
    }
    try (var bound = BoundDecoder.open(graph, config, 256, new Placement.Processor())) {
      assertThat(greedy(bound, prompt)).isEqualTo(expected);
    }
  }

  /** Some tokens, with the row moved on the way. */
  private static List<Integer> greedy(Decoder decoder, int[] prompt) throws Exception {
    decoder.prefill(1, prompt, 0, prompt.length, false);
    decoder.copy(1, 0);
    decoder.clear(1);
    float[] logits = new float[decoder.vocabulary()];
    List<Integer> tokens = new ArrayList<>();
    for (int step = 0; step < 24; step++) {
      decoder.logits(0, logits);
      tokens.add(Logits.likeliest(logits));
      decoder.decode(1, new int[] {tokens.getLast()});
    }
    return tokens;
  }

  @Test
  void knowsTheCapitalOfFrance() throws Exception {
    Recording answer = submit(prompt("What is the capital of France?"), 40);
    assertThat(answer.await().reason()).isEqualTo(FinishReason.STOP);
    assertThat(text(answer.ids())).isEqualTo("The capital of France is Paris.");
  }

  /**
   * The values are those of the same weights in a reference implementation in floats. The first two
   * tokens are nearly a tie, which eight bits may not turn.
   */
  @Test
  void agreesWithTheReferenceOnTheFirstToken() throws Exception {
    Recording answer = submit(prompt("What is the capital of France?"), 1);
    answer.await();
    List<Generator.Alternative> top = answer.tokens().getFirst().top();
    assertThat(top).extracting(Generator.Alternative::id).startsWith(504, 60);
    assertThat(top.get(0).logprob()).isCloseTo(-1.8827f, within(0.2f));
    assertThat(top.get(1).logprob()).isCloseTo(-1.9648f, within(0.2f));
  }

  static Stream<Arguments> reference() {
    return Stream.of(
        Arguments.of(
            "Hello, world! 12345", new int[] {19556, 28, 905, 17, 216, 33, 34, 35, 36, 37}),
        Arguments.of(
            "Grüße aus Zürich: naïve café",
            new int[] {
              27302, 7170, 34878, 85, 253, 376, 1777, 7170, 5130, 42, 15486, 46494, 37366
            }),
        Arguments.of(
            "日本語のテキスト",
            new int[] {
              23274, 115, 40993, 179, 120, 248, 26453, 11100, 224, 10391, 251, 10391, 134, 11100,
              226
            }),
        Arguments.of(
            "Привет, мир 🌍🚀",
            new int[] {
              155, 249, 46879, 16464, 32547, 28, 41337, 7872, 9175, 15107, 230, 231, 10813, 244, 218
            }),
        Arguments.of(
            "    def f(x):\n\treturn x\n\n",
            new int[] {333, 753, 275, 24, 104, 727, 198, 197, 5406, 1792, 1116}),
        Arguments.of("<|im_start|>user\nhi<|im_end|>", new int[] {1, 4093, 198, 6004, 2}));
  }

  /** The ids are llama.cpp's. */
  @ParameterizedTest
  @MethodSource("reference")
  void cutsTextIntoTheReferencesTokens(String text, int[] ids) {
    assertThat(generator.tokenizer().encode(text, true)).containsExactly(ids);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Grüße 日本語 مرحبا",
        "👩‍👩‍👧‍👦 🏳️‍🌈",
        "\u0000\u0001\t\r\n \u00a0\ufeff",
        "𝔘𝔫𝔦"
      })
  void joinsTheBytesOfTokensToTheText(String text) {
    List<Integer> ids = new ArrayList<>();
    for (int id : generator.tokenizer().encode(text, true)) {
      ids.add(id);
    }
    assertThat(text(ids)).isEqualTo(text);
  }

  @Test
  void takesControlTokensInTextApartAsTheReferenceDoes() {
    assertThat(generator.tokenizer().encode("<|im_start|>", false))
        .containsExactly(44, 108, 306, 79, 3738, 108, 46);
  }
}
