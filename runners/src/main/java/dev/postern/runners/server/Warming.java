package dev.postern.runners.server;

import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.engine.Generator;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.List;

/** Has a model answer once, because a first answer takes longer than the next ones. */
record Warming(Context context, LoadedModels models) {
  private static final String TEXT = "Hello";
  private static final CompletionRequest PLAIN =
      RequestParser.completion(Buffer.buffer("{\"model\":\"any\",\"prompt\":\"" + TEXT + "\"}"));

  /** Completes when the model has answered. */
  Future<?> warm(String name) {
    return models
        .use(name, LoadedModel.class, "anything")
        .compose(use ->
            (switch (use.model()) {
                  case LoadedModel.Generative model -> generate(model.generator());
                  case LoadedModel.Encoding model -> encode(model.encoder());
                })
                .onComplete(_ -> use.close()));
  }

  private Future<Void> generate(Generator generator) {
    var prompt = generator.tokenizer().encode(TEXT, true);
    var done = Promise.<Void>promise();
    generator.submit(
        Generator.Request.of(prompt, PLAIN.sampling(), 1),
        new Generator.Listener() {
          @Override
          public void onToken(Generator.Token token) {
            // One is all there is.
          }

          @Override
          public void onEnd(Generator.FinishReason reason, Generator.Timings timings) {
            context.runOnContext(_ -> done.complete());
          }

          @Override
          public void onFailure(Throwable cause) {
            context.runOnContext(_ -> done.fail(cause));
          }
        });
    return done.future();
  }

  private Future<Void> encode(Encoder encoder) {
    return Future.fromCompletionStage(encoder.encode(List.of(encoder.text(TEXT, "input"))), context)
        .mapEmpty();
  }
}
