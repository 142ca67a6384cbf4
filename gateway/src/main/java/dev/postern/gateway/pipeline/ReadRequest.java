package dev.postern.gateway.pipeline;

import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RequestParser;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;

/** Reads and checks the body, only now that its sender is known. */
public final class ReadRequest {

  public Future<ParsedCall> parse(InferenceCall call, Caller caller) {
    call.client().identified(caller.principal());
    return call.client()
        .body()
        .map(body -> new ParsedCall(call, caller, parse(call.endpoint(), body)));
  }

  private static InferenceRequest parse(UsageEvent.Endpoint endpoint, Buffer body) {
    return switch (endpoint) {
      case CHAT_COMPLETIONS -> RequestParser.chat(body);
      case COMPLETIONS -> RequestParser.completion(body);
      case EMBEDDINGS -> RequestParser.embedding(body);
      case RERANK -> RequestParser.rerank(body);
      case CLASSIFY -> RequestParser.classify(body);
      case EXPLAIN -> RequestParser.explain(body);
    };
  }
}
