/** Reads model files (GGUF) and turns them into content-addressed folders that the engine runs. */
@NullMarked
package dev.postern.runners.importer;

import org.jspecify.annotations.NullMarked;
