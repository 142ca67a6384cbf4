package dev.postern.runners.server;

import dev.postern.runners.RunnerException;
import dev.postern.runners.embedding.Embedder;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Answers embedding requests. */
final class EmbeddingRoute {
  private static final int MAX_TOKENS = 300_000;

  private final Vertx vertx;
  private final LoadedModels models;

  EmbeddingRoute(Vertx vertx, LoadedModels models) {
    this.vertx = vertx;
    this.models = models;
  }

  Route route() {
    return Route.work("/v1/embeddings", this::embed);
  }

  private void embed(ServedCall call, Buffer body) {
    vertx
        .executeBlocking(() -> RequestParser.embedding(body), false)
        .onSuccess(request -> {
          LoadedModels.@Nullable Use use = models.use(request.model());
          if (use == null) {
            call.fail(ApiFailure.modelNotFound(request.model()));
          } else if (use.model() instanceof LoadedModel.Embedding model) {
            vertx
                .executeBlocking(() -> tokens(model.embedder(), request), false)
                .compose(inputs -> run(call, model, inputs, request))
                .onComplete(_ -> use.close())
                .onFailure(call::fail);
          } else {
            use.close();
            call.fail(ApiFailure.wrongRole(request.model(), "embeddings"));
          }
        })
        .onFailure(call::fail);
  }

  private static List<int[]> tokens(Embedder embedder, EmbeddingRequest request) {
    var dimensions = request.dimensions();
    if (dimensions != null && dimensions > embedder.dimensions()) {
      throw new BadRequest(
          "'dimensions' must be at most %d for this model.".formatted(embedder.dimensions()),
          "dimensions",
          "invalid_value");
    }
    var inputs = new ArrayList<int[]>();
    long total = 0;
    boolean texts = !request.inputs().isEmpty();
    int count = texts ? request.inputs().size() : request.tokenInputs().size();
    for (int i = 0; i < count; i++) {
      var path = "input[" + i + "]";
      var ids =
          texts
              ? embedder.tokenize(request.inputs().get(i), path)
              : embedder.frame(request.tokenInputs().get(i), path);
      inputs.add(ids);
      total += ids.length;
    }
    if (total > MAX_TOKENS) {
      throw new BadRequest(
          "The inputs have %d tokens together; send at most %d in one request."
              .formatted(total, MAX_TOKENS),
          "input",
          "invalid_value");
    }
    return inputs;
  }

  private Future<?> run(
      ServedCall call, LoadedModel.Embedding model, List<int[]> inputs, EmbeddingRequest request) {
    CompletableFuture<Embedder.Embeddings> running;
    try {
      running = model.embedder().embed(inputs, request.dimensions());
    } catch (RunnerException e) {
      return Future.failedFuture(e);
    }
    call.onGone(() -> running.cancel(false));
    return Future.fromCompletionStage(running, call.context)
        .compose(embeddings -> {
          call.used(
              model.name(),
              embeddings.tokens(),
              new GenerationRun.Totals(0, embeddings.cpuMicros(), embeddings.queueMicros()));
          return vertx.executeBlocking(
              () -> document(model.name(), embeddings, request.base64()), false);
        })
        .onSuccess(call::json);
  }

  private static Buffer document(String model, Embedder.Embeddings embeddings, boolean base64) {
    return Json.object(json -> {
      json.writeStringField("object", "list");
      json.writeArrayFieldStart("data");
      for (int i = 0; i < embeddings.vectors().size(); i++) {
        var vector = embeddings.vectors().get(i);
        json.writeStartObject();
        json.writeStringField("object", "embedding");
        json.writeNumberField("index", i);
        if (base64) {
          json.writeStringField("embedding", base64(vector));
        } else {
          json.writeArrayFieldStart("embedding");
          for (float number : vector) {
            json.writeNumber(number);
          }
          json.writeEndArray();
        }
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeStringField("model", model);
      json.writeObjectFieldStart("usage");
      json.writeNumberField("prompt_tokens", embeddings.tokens());
      json.writeNumberField("total_tokens", embeddings.tokens());
      json.writeEndObject();
      AnswerWriter.cost(json, embeddings.cpuMicros(), embeddings.queueMicros());
    });
  }

  private static String base64(float[] vector) {
    var bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
