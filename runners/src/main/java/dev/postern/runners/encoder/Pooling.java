package dev.postern.runners.encoder;

/** How the states of a text's tokens become one vector. */
public enum Pooling {
  /** Their mean. */
  MEAN,
  /** The state of the first token. */
  FIRST
}
