package dev.postern.runners.server;

import dev.postern.runners.RunnerException;
import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Answers what encoders answer: embeddings, rerankings and classifications. */
final class EncoderRoutes {
  private static final int MAX_TOKENS = 300_000;

  private final Vertx vertx;
  private final LoadedModels models;

  EncoderRoutes(Vertx vertx, LoadedModels models) {
    this.vertx = vertx;
    this.models = models;
  }

  List<Route> routes() {
    return List.of(
        Route.work(
            "/v1/embeddings",
            (call, body) ->
                serve(
                    call,
                    body,
                    EncoderRole.EMBEDDING,
                    RequestParser::embedding,
                    EncoderTask.Embedding::new)),
        Route.work(
            "/v1/rerank",
            (call, body) ->
                serve(
                    call,
                    body,
                    EncoderRole.RERANKER,
                    RequestParser::rerank,
                    EncoderTask.Reranking::new)),
        Route.work(
            "/v1/classify",
            (call, body) ->
                serve(
                    call,
                    body,
                    EncoderRole.CLASSIFIER,
                    RequestParser::classify,
                    EncoderTask.Classification::new)));
  }

  private <R extends InferenceRequest> void serve(
      ServedCall call,
      Buffer body,
      EncoderRole role,
      Function<Buffer, R> parser,
      BiFunction<Encoder, R, EncoderTask> task) {
    vertx
        .executeBlocking(() -> parser.apply(body), false)
        .compose(request ->
            models
                .use(request.model(), LoadedModel.Encoding.class, role.work())
                .onSuccess(use -> {
                  var encoder = use.model().encoder();
                  if (encoder.settings().role() == role) {
                    run(call, use.model().name(), encoder, task.apply(encoder, request))
                        .onComplete(_ -> use.close())
                        .onFailure(call::fail);
                  } else {
                    use.close();
                    call.fail(ApiFailure.wrongRole(request.model(), role.work()));
                  }
                }))
        .onFailure(call::fail);
  }

  private Future<?> run(ServedCall call, String model, Encoder encoder, EncoderTask task) {
    return vertx
        .executeBlocking(() -> inputs(task), false)
        .compose(inputs -> {
          CompletableFuture<Encoder.Rows> running;
          try {
            running = encoder.encode(inputs);
          } catch (RunnerException e) {
            return Future.failedFuture(e);
          }
          call.onGone(() -> running.cancel(false));
          return Future.fromCompletionStage(running, call.context);
        })
        .compose(rows -> {
          long cpuMicros = call.overhead().without(rows.cpuMicros());
          call.used(
              model,
              rows.tokens(),
              new GenerationRun.Totals(0, 0, cpuMicros, rows.queueMicros(), 0));
          return vertx.executeBlocking(() -> document(model, task, rows, cpuMicros), false);
        })
        .onSuccess(call::json);
  }

  private static List<Encoder.Input> inputs(EncoderTask task) {
    var inputs = task.inputs();
    long total = inputs.stream().mapToLong(Encoder.Input::length).sum();
    if (total > MAX_TOKENS) {
      throw new BadRequest(
          "The inputs have %d tokens together; send at most %d in one request."
              .formatted(total, MAX_TOKENS),
          task.field(),
          "invalid_value");
    }
    return inputs;
  }

  private static Buffer document(
      String model, EncoderTask task, Encoder.Rows rows, long cpuMicros) {
    return Json.object(json -> {
      json.writeStringField("object", "list");
      task.write(json, rows.values());
      json.writeStringField("model", model);
      json.writeObjectFieldStart("usage");
      json.writeNumberField("prompt_tokens", rows.tokens());
      json.writeNumberField("total_tokens", rows.tokens());
      json.writeEndObject();
      AnswerWriter.cost(json, cpuMicros, rows.queueMicros());
    });
  }
}
