package dev.postern.runners.wire;

import io.vertx.core.buffer.Buffer;

/**
 * Checks inference bodies field by field against the published ranges, so that what comes out can
 * be used without another look. Anything else is a {@link BadRequest}, never another exception.
 *
 * <p>A field that the API does not know is refused: a misspelt limit would otherwise be no limit.
 * So are fields that are known but would change the answer in a way no runner can honour; those
 * that are only hints, such as {@code reasoning_effort}, are passed over.
 */
public final class RequestParser {
  private RequestParser() {}

  /** Reads a {@code POST /v1/chat/completions} body. */
  public static ChatRequest chat(Buffer body) {
    return ChatFields.read(JsonBody.parse(body.getBytes()));
  }

  /** Reads a {@code POST /v1/completions} body. */
  public static CompletionRequest completion(Buffer body) {
    return CompletionFields.read(JsonBody.parse(body.getBytes()));
  }

  /** Reads a {@code POST /v1/embeddings} body. */
  public static EmbeddingRequest embedding(Buffer body) {
    return EncoderFields.embedding(JsonBody.parse(body.getBytes()));
  }

  /** Reads a {@code POST /v1/rerank} body. */
  public static RerankRequest rerank(Buffer body) {
    return EncoderFields.rerank(JsonBody.parse(body.getBytes()));
  }

  /** Reads a {@code POST /v1/classify} body. */
  public static ClassifyRequest classify(Buffer body) {
    return EncoderFields.classify(JsonBody.parse(body.getBytes()));
  }

  /** Reads a {@code POST /v1/postern/explain} body. */
  public static ExplainRequest explain(Buffer body) {
    return ExplainFields.read(JsonBody.parse(body.getBytes()));
  }
}
