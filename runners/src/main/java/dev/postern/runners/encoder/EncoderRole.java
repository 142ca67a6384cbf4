package dev.postern.runners.encoder;

import java.util.Locale;

/** What an encoder's numbers mean. */
public enum EncoderRole {
  /** A vector for a text. */
  EMBEDDING,
  /** A logit for each label of a text. */
  CLASSIFIER,
  /** One logit for a query and a document: how well the one answers the other. */
  RERANKER;

  /** As folders and routes write it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** What it is good for, in a sentence. */
  public String work() {
    return switch (this) {
      case EMBEDDING -> "embeddings";
      case CLASSIFIER -> "classification";
      case RERANKER -> "reranking";
    };
  }
}
