package dev.postern.runners.tokenizer;

import java.io.IOException;

/** A tokenizer's file cannot be used; the message says why, for who gave it. */
public final class UnsoundTokenizerException extends IOException {
  UnsoundTokenizerException(String reason) {
    super("The tokenizer is not usable: " + reason + ".");
  }
}
