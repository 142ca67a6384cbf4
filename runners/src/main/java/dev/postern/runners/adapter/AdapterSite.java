package dev.postern.runners.adapter;

import java.util.Locale;

/** The products of a layer that adapters add to, as the decoder's graph packs them. */
public enum AdapterSite {
  QKV,
  O,
  GATE_UP,
  DOWN;

  /** By the name that the graph gives the product within its layer, such as {@code gate_up}. */
  public static AdapterSite of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** The product's number in the whole model. */
  public int number(int layer) {
    return layer * values().length + ordinal();
  }
}
