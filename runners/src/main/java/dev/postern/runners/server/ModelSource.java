package dev.postern.runners.server;

import java.nio.file.Path;

/**
 * A model that a runner knows, loaded or not.
 *
 * @param name what requests call it
 * @param folder its imported form
 */
record ModelSource(String name, ModelRole role, Path folder) {}
