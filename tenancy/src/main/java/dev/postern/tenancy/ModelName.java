package dev.postern.tenancy;

/**
 * The names that clients call models by. A model with an adapter is called {@code base@adapter}; it
 * counts against the limits of its base, and costs what the base does where it has no price.
 */
public final class ModelName {
  /** Stands in no base model's name. */
  private static final char SEPARATOR = '@';

  private ModelName() {}

  public static String adapted(String base, String adapter) {
    return base + SEPARATOR + adapter;
  }

  /** The name without its adapter. */
  public static String base(String model) {
    int end = model.indexOf(SEPARATOR);
    return end < 0 ? model : model.substring(0, end);
  }
}
