package dev.postern.gateway.pipeline;

import dev.postern.runners.RunnerPool;
import io.vertx.core.buffer.Buffer;

/** A runner is answering, or has answered. */
public sealed interface Generation {
  ScreenedCall screened();

  /** The whole answer, as the runner sent it. */
  record Document(ScreenedCall screened, Buffer json) implements Generation {}

  /** A stream whose first event has come. */
  record Stream(ScreenedCall screened, RunnerPool.TokenStream events) implements Generation {}
}
