package dev.postern.runners.importer;

/**
 * An imported model in one line.
 *
 * @param bytes on disk
 * @param weights the format its matrices are kept in
 * @param source the package it came from, or its file's digest
 */
public record ModelCard(
    String name,
    String role,
    long parameters,
    long bytes,
    int contextLength,
    String weights,
    String digest,
    String licence,
    String source) {}
