package dev.postern.runners.server;

/** What a model is loaded for. */
public enum ModelRole {
  CHAT,
  EMBEDDING,
  CLASSIFIER,
  RERANKER
}
