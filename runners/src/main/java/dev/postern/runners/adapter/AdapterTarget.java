package dev.postern.runners.adapter;

import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.Projection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A matrix that an adapter changes: one projection, or several that a family packs into one. */
enum AdapterTarget {
  Q(AdapterSite.QKV, "self_attn.q_proj", Projection.Q),
  K(AdapterSite.QKV, "self_attn.k_proj", Projection.K),
  V(AdapterSite.QKV, "self_attn.v_proj", Projection.V),
  QKV(AdapterSite.QKV, "self_attn.qkv_proj", Projection.Q, Projection.K, Projection.V),
  O(AdapterSite.O, "self_attn.o_proj", Projection.O),
  GATE(AdapterSite.GATE_UP, "mlp.gate_proj", Projection.GATE),
  UP(AdapterSite.GATE_UP, "mlp.up_proj", Projection.UP),
  GATE_UP(AdapterSite.GATE_UP, "mlp.gate_up_proj", Projection.GATE, Projection.UP),
  DOWN(AdapterSite.DOWN, "mlp.down_proj", Projection.DOWN);

  private static final Map<String, AdapterTarget> BY_MODULE =
      Stream.of(values()).collect(Collectors.toMap(AdapterTarget::module, Function.identity()));

  /** What the graph's packed products hold, side by side. */
  private static final List<List<Projection>> PACKED =
      List.of(
          List.of(Projection.Q, Projection.K, Projection.V),
          List.of(Projection.GATE, Projection.UP));

  private final AdapterSite site;
  private final String module;
  private final List<Projection> projections;

  AdapterTarget(AdapterSite site, String module, Projection... projections) {
    this.site = site;
    this.module = module;
    this.projections = List.of(projections);
  }

  AdapterSite site() {
    return site;
  }

  /** What Hugging Face's implementations call it within a layer. */
  String module() {
    return module;
  }

  List<Projection> projections() {
    return projections;
  }

  static @Nullable AdapterTarget ofModule(String module) {
    return BY_MODULE.get(module);
  }

  /** Its name in the store's files. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  int inputs(DecoderConfig model) {
    return model.columns(projections.getFirst());
  }

  int outputs(DecoderConfig model) {
    return projections.stream().mapToInt(model::rows).sum();
  }

  /** Where its outputs begin among those of its site. */
  int first(DecoderConfig model) {
    int first = 0;
    for (List<Projection> packed : PACKED) {
      for (int i = 0; i < packed.indexOf(projections.getFirst()); i++) {
        first += model.rows(packed.get(i));
      }
    }
    return first;
  }
}
