package dev.postern.runners.importer;

/**
 * A file inside a package.
 *
 * @param name its path there
 */
record PinnedFile(String name, String sha256) {}
