package dev.postern.runners.server;

import java.nio.file.Path;

/** Brings a model folder into memory; takes its time. */
interface ModelLoader {
  /**
   * @throws Exception with a message for the operator when the folder cannot be loaded
   */
  LoadedModel load(String name, ModelRole role, Path folder) throws Exception;
}
