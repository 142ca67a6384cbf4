package dev.postern.runners.importer;

import java.util.Locale;

/** The products of a layer, as weights and adapters name them. */
public enum Projection {
  Q,
  K,
  V,
  O,
  GATE,
  UP,
  DOWN;

  /** Such as {@code layer.3.gate}. */
  public String in(int layer) {
    return WeightSource.of(layer, label());
  }

  /** The name within a layer. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
