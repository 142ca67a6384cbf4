package dev.postern.runners.server;

/**
 * What a model's folder says before it is loaded.
 *
 * @param digest {@code sha256:…}, the model's identity wherever it is served
 * @param contextLength most tokens of one request
 */
record ModelFacts(String digest, int contextLength, Footprint footprint) {}
