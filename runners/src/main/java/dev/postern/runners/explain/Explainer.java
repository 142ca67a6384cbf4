package dev.postern.runners.explain;

import ai.onnxruntime.OrtException;
import dev.postern.runners.engine.Logits;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.explain.Explanation.Alternative;
import dev.postern.runners.explain.Explanation.AnswerToken;
import dev.postern.runners.explain.Explanation.Cell;
import dev.postern.runners.explain.Explanation.Layer;
import dev.postern.runners.explain.Explanation.Span;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.scoring.ScoringSession;
import dev.postern.runners.scoring.ScoringSession.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * A model opened to be looked into, apart from the engine that serves it: its weights are mapped a
 * second time, for as long as this is open. Works on the caller's thread.
 */
public final class Explainer implements AutoCloseable {
  /** The most tokens of a prompt. */
  public static final int MAX_PROMPT = 1024;

  /** The most tokens of an answer. */
  public static final int MAX_ANSWER = 128;

  /** The most parts of a prompt that are left out one by one. */
  private static final int MAX_SPANS = 64;

  /** The most tokens that leaving out may read; longer prompts are left out in longer parts. */
  private static final int MAX_READ = 12_288;

  private final Tokenizer tokenizer;
  private final LensGraph graph;
  private final ScoringSession session;
  private final Path folder;
  private final int width;
  private final BooleanSupplier cancelled;

  /**
   * What is wanted.
   *
   * @param answer its tokens; empty to have it generated
   * @param maxTokens of a generated answer, 1 to {@link #MAX_ANSWER}
   * @param top alternatives to each token of the answer
   */
  public record Question(
      int[] prompt, int[] answer, int maxTokens, int top, boolean attribution, boolean layers) {}

  /**
   * @param cancelled asked between steps; once true, work ends with a {@link
   *     java.util.concurrent.CancellationException}
   */
  public static Explainer open(Path modelFolder, Tokenizer tokenizer, BooleanSupplier cancelled)
      throws IOException, OrtException {
    ModelFolder model = ModelFolder.open(modelFolder);
    LensGraph graph = LensGraph.read(modelFolder.resolve(ModelFolder.GRAPH));
    ScoringSession session = ScoringSession.open(graph.decoder(), modelFolder);
    return new Explainer(tokenizer, graph, session, model, cancelled);
  }

  private Explainer(
      Tokenizer tokenizer,
      LensGraph graph,
      ScoringSession session,
      ModelFolder folder,
      BooleanSupplier cancelled) {
    this.tokenizer = tokenizer;
    this.graph = graph;
    this.session = session;
    this.folder = folder.path();
    this.width = folder.manifest().architecture().width();
    this.cancelled = cancelled;
  }

  public Explanation explain(Question question) throws OrtException {
    var reader = new Reader(session, cancelled);
    int[] prompt = question.prompt();
    boolean generated = question.answer().length == 0;
    int[] answer =
        generated ? greedy(reader, prompt, question.maxTokens(), true) : question.answer();
    if (answer.length == 0) {
      return new Explanation(prompt, answer, true, List.of(), List.of(), List.of(), reader.read());
    }
    List<AnswerToken> tokens = new ArrayList<>();
    List<Layer> layers = look(reader, question, answer, tokens);
    double logprob = tokens.stream().mapToDouble(AnswerToken::logprob).sum();
    List<Span> spans =
        question.attribution() ? leaveOut(reader, prompt, answer, logprob) : List.of();
    return new Explanation(prompt, answer, generated, tokens, spans, layers, reader.read());
  }

  /** Probes whether the model knows a text by heart. */
  public Memorisation probe(int[] text, int prefix) throws OrtException {
    return Memorisation.probe(this, new Reader(session, cancelled), tokenizer, text, prefix);
  }

  /**
   * The likeliest continuation.
   *
   * @param toEnd whether a token that ends an answer ends it
   */
  int[] greedy(Reader reader, int[] prompt, int count, boolean toEnd) throws OrtException {
    int[] answer = new int[count];
    int[] next = {0};
    Reader.Visitor choose = (at, logits, step, inStep) -> next[0] = Logits.likeliest(logits);
    State state = reader.on(reader.empty(), prompt, 1, Set.of(), choose);
    try {
      for (int i = 0; i < count; i++) {
        if (toEnd && tokenizer.endsGeneration(next[0])) {
          return Arrays.copyOf(answer, i);
        }
        answer[i] = next[0];
        if (i + 1 < count) {
          State longer = reader.on(state, new int[] {next[0]}, 1, Set.of(), choose);
          state.close();
          state = longer;
        }
      }
      return answer;
    } finally {
      state.close();
    }
  }

  /** One pass over prompt and answer: alternatives from its end, layers from its streams. */
  private List<Layer> look(Reader reader, Question question, int[] answer, List<AnswerToken> tokens)
      throws OrtException {
    int[] prompt = question.prompt();
    int[] all = Arrays.copyOf(prompt, prompt.length + answer.length - 1);
    System.arraycopy(answer, 0, all, prompt.length, answer.length - 1);
    List<String> streams = question.layers() ? graph.streams() : List.of();
    List<List<Cell>> cells = new ArrayList<>();
    streams.forEach(_ -> cells.add(new ArrayList<>()));
    List<float[]> opened = new ArrayList<>();
    try (LensHead head = streams.isEmpty() ? null : head()) {
      reader
          .on(
              reader.empty(),
              all,
              answer.length,
              Set.copyOf(streams),
              (at, logits, step, inStep) -> {
                int id = answer[at - prompt.length + 1];
                tokens.add(token(logits, id, question.top()));
                if (head == null) {
                  return;
                }
                if (inStep == 0) {
                  opened.clear();
                  streams.forEach(name -> opened.add(ScoringSession.value(step, name)));
                }
                for (int layer = 0; layer < streams.size(); layer++) {
                  cells.get(layer).add(cell(head.logits(opened.get(layer), inStep), id));
                }
              })
          .close();
    }
    List<Layer> layers = new ArrayList<>();
    for (int layer = 0; layer < cells.size(); layer++) {
      layers.add(new Layer(layer, List.copyOf(cells.get(layer))));
    }
    return layers;
  }

  private LensHead head() throws OrtException {
    return new LensHead(graph.head(), folder, width);
  }

  private static AnswerToken token(float[] logits, int id, int top) {
    double total = Logits.logSumExp(logits);
    List<Alternative> alternatives = new ArrayList<>();
    for (int other : Logits.largest(logits, top)) {
      alternatives.add(new Alternative(other, logits[other] - total));
    }
    return new AnswerToken(id, logits[id] - total, alternatives);
  }

  private static Cell cell(float[] logits, int answer) {
    double total = Logits.logSumExp(logits);
    int likeliest = Logits.likeliest(logits);
    int rank = 1;
    for (float logit : logits) {
      if (logit > logits[answer]) {
        rank++;
      }
    }
    return new Cell(
        likeliest, Math.exp(logits[likeliest] - total), Math.exp(logits[answer] - total), rank);
  }

  /** Each part's prefix is read once: only what comes after the part is read again. */
  private List<Span> leaveOut(Reader reader, int[] prompt, int[] answer, double whole)
      throws OrtException {
    int average = prompt.length / 2 + answer.length;
    int most = Math.clamp(MAX_READ / average, 1, MAX_SPANS);
    List<Span> spans = new ArrayList<>();
    State prefix = reader.empty();
    int read = 0;
    try {
      for (Spans.Stretch stretch : Spans.of(prompt, tokenizer, most)) {
        State longer =
            reader.on(
                prefix,
                Arrays.copyOfRange(prompt, read, stretch.from()),
                0,
                Set.of(),
                (at, logits, step, inStep) -> {});
        if (longer != prefix) {
          prefix.close();
          prefix = longer;
        }
        read = stretch.from();
        int[] rest = Arrays.copyOfRange(prompt, stretch.to(), prompt.length);
        if (rest.length > 0) {
          double without = reader.logprob(prefix, rest, answer);
          spans.add(new Span(stretch.from(), stretch.to(), whole - without));
        }
      }
      return spans;
    } finally {
      prefix.close();
    }
  }

  @Override
  public void close() {
    session.close();
  }
}
