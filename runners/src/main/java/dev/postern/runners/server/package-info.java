/** The runner's own process: an OpenAI-compatible server over the engine and the embedder. */
@NullMarked
package dev.postern.runners.server;

import org.jspecify.annotations.NullMarked;
