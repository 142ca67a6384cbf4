package dev.postern.runners.quality;

import ai.onnxruntime.OrtException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.SwitchedFormat;
import dev.postern.runners.onnx.SwitchedFormat.Product;
import dev.postern.runners.scoring.ScoringSession;
import dev.postern.runners.scoring.ScoringSession.State;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What four bits cost each product of a model: the divergence from the floats when it alone is
 * coarse, over the first tokens of the texts. The model lies on the workbench with every product
 * switchable, so any mixture can be measured without storing it.
 */
final class Sensitivity implements AutoCloseable {
  private static final int POSITIONS = 128;
  private static final int TEXTS = 8;

  /** The floats' logits are kept for all positions. */
  private static final long MOST_LOGIT_BYTES = 64L << 20;

  private final ScoringSession session;
  private final List<Product> products;
  private final List<int[]> texts;
  private final float[][] reference;

  static Sensitivity open(Workbench bench, EvaluationTexts all, StudyProgress progress)
      throws IOException, OrtException {
    var format = new SwitchedFormat();
    ModelFolder model = bench.scratch(format, "making its products switchable", progress);
    ScoringSession session =
        ScoringSession.open(model.path().resolve(ModelFolder.GRAPH), ScoringSession.Memory.FAST);
    try {
      return new Sensitivity(session, format.products(), Measurement.tokens(model, all));
    } catch (OrtException | RuntimeException failure) {
      session.close();
      throw failure;
    }
  }

  private Sensitivity(ScoringSession session, List<Product> products, List<int[]> all)
      throws OrtException {
    this.session = session;
    this.products = products;
    int count = Math.min(TEXTS, all.size());
    long positions = Math.min(POSITIONS, MOST_LOGIT_BYTES / (4L * session.vocabulary()));
    int each = Math.clamp(positions / count, 2, session.maxStep());
    // Spread over the texts, which are sorted by nothing: code, prose and languages among them.
    this.texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] text = all.get(i * all.size() / count);
      texts.add(Arrays.copyOf(text, Math.min(text.length, each)));
    }
    this.reference = new float[texts.stream().mapToInt(text -> text.length).sum()][];
    visit(Set.of(), (at, logits) -> reference[at] = logits.clone());
  }

  List<Product> products() {
    return products;
  }

  private interface Visitor {
    void position(int at, float[] logits);
  }

  private void visit(Set<Product> coarse, Visitor visitor) throws OrtException {
    float[] switches = new float[products.size()];
    for (int i = 0; i < switches.length; i++) {
      switches[i] = coarse.contains(products.get(i)) ? 1 : 0;
    }
    session.set(SwitchedFormat.SWITCHES, switches);
    float[] logits = new float[session.vocabulary()];
    int at = 0;
    for (int[] text : texts) {
      try (State end = session.extend(session.empty(), text, 0, text.length, text.length)) {
        for (int i = 0; i < end.length(); i++) {
          session.logits(i, logits);
          visitor.position(at++, logits);
        }
      }
    }
  }

  /** The divergence with these products in four bits and all else in floats. */
  double of(Set<Product> coarse) throws OrtException {
    var distance = new Divergence();
    visit(coarse, (at, logits) -> distance.add(reference[at], logits, Divergence.NOTHING));
    return distance.divergence();
  }

  /** All products, those first that lose least for each weight that is made coarse. */
  List<Product> order(StudyProgress progress) throws OrtException {
    Map<Product, Double> cost = new HashMap<>();
    for (Product product : products) {
      cost.put(product, of(Set.of(product)) / product.weights());
      progress.at("measuring what each product bears", (double) cost.size() / products.size());
    }
    return products.stream().sorted(Comparator.comparing(cost::get)).toList();
  }

  /** As many of the first products as stay within a divergence, measured together. */
  Set<Product> within(List<Product> order, double most) throws OrtException {
    int fits = 0;
    int tooMany = order.size() + 1;
    while (tooMany - fits > 1) {
      int middle = (fits + tooMany) / 2;
      if (of(new HashSet<>(order.subList(0, middle))) <= most) {
        fits = middle;
      } else {
        tooMany = middle;
      }
    }
    return new HashSet<>(order.subList(0, fits));
  }

  @Override
  public void close() {
    session.close();
  }
}
