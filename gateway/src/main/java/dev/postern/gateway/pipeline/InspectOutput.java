package dev.postern.gateway.pipeline;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.inspect.OutputInspector;
import dev.postern.gateway.wire.openai.AnswerLabel;
import dev.postern.gateway.wire.openai.CallId;
import dev.postern.gateway.wire.openai.ChoiceText;
import dev.postern.gateway.wire.openai.TokenUsage;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.RerankRequest;
import dev.postern.tenancy.UsageEvent.Outcome;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a runner's answer to the client under our name, through the project's output policy. */
public final class InspectOutput {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final OutputInspector inspector;

  public InspectOutput(OutputInspector inspector) {
    this.inspector = inspector;
  }

  /**
   * Completes with how the answer ended. Events of a stream are sent meanwhile, its last ones kept;
   * fails only when nothing of the answer could be used.
   */
  public Future<Answer> relay(Generation generation) {
    return switch (generation) {
      case Generation.Document(var screened, var json) ->
          Future.succeededFuture(inspect(screened, json));
      case Generation.Stream(var screened, var events) ->
          new StreamRelay(screened, label(screened), events, activeInspector(screened)).run();
    };
  }

  private Answer inspect(ScreenedCall screened, Buffer json) {
    var firstByte = screened.call().elapsedMicros();
    var began = System.nanoTime();
    var document = parse(screened, json);
    var usage = TokenUsage.of(document).orElse(TokenUsage.NONE);
    var label = label(screened);
    var findings = new ArrayList<Finding>();
    var blocked = false;
    switch (screened.request()) {
      case EmbeddingRequest _, RerankRequest _, ClassifyRequest _ -> label.applyModel(document);
      case ExplainRequest _ -> {
        label.applyModel(document);
        blocked = inspectExplained(screened, document, findings);
      }
      case ChatRequest _ -> {
        label.apply(document);
        blocked = inspectChoices(screened, document, ChoiceText.CHAT_DOCUMENT, findings);
      }
      case CompletionRequest _ -> {
        label.apply(document);
        blocked = inspectChoices(screened, document, ChoiceText.COMPLETION, findings);
      }
    }
    var ending = new Ending.Document(Buffer.buffer(bytes(document)));
    screened.call().times().add("inspect_output", System.nanoTime() - began);
    return new Answer(
        screened.admitted(),
        blocked ? Outcome.OUTPUT_BLOCKED : Outcome.COMPLETED,
        usage,
        firstByte,
        true,
        screened.findings(),
        findings,
        ending);
  }

  /** True when the policy cut one of the choices off. */
  private boolean inspectChoices(
      ScreenedCall screened, ObjectNode document, ChoiceText shape, List<Finding> findings) {
    var active = activeInspector(screened);
    if (active == null) {
      return false;
    }
    var blocked = false;
    for (var node : document.path("choices")) {
      if (!(node instanceof ObjectNode choice)) {
        continue;
      }
      var text = shape.read(choice);
      var inspection = active.open(screened.policy());
      var passed = inspection.accept(text) + inspection.finish();
      if (!passed.equals(text)) {
        shape.write(choice, passed);
        choice.set("logprobs", NullNode.getInstance());
      }
      var parts = new InspectedParts(active, screened.policy());
      if (choice.get("message") instanceof ObjectNode message) {
        parts.pass(message);
        parts.finish(message, false);
      }
      if (inspection.blocked() || parts.blocked()) {
        choice.put("finish_reason", "content_filter");
        blocked = true;
      }
      findings.addAll(inspection.findings());
      findings.addAll(parts.findings());
    }
    return blocked;
  }

  /** What a policy takes out of the answer must not be read off its tokens. */
  private boolean inspectExplained(
      ScreenedCall screened, ObjectNode document, List<Finding> findings) {
    var active = activeInspector(screened);
    if (active == null || !(document.get("answer") instanceof ObjectNode answer)) {
      return false;
    }
    var text = answer.path("text").asText();
    var inspection = active.open(screened.policy());
    var passed = inspection.accept(text) + inspection.finish();
    if (!passed.equals(text)) {
      answer.put("text", passed);
      answer.putArray("tokens");
      document.putArray("layers");
    }
    findings.addAll(inspection.findings());
    return inspection.blocked();
  }

  private @Nullable OutputInspector activeInspector(ScreenedCall screened) {
    return inspector.active(screened.policy()) ? inspector : null;
  }

  private static AnswerLabel label(ScreenedCall screened) {
    var call = screened.call();
    var kind =
        switch (screened.request()) {
          case ChatRequest _ -> CallId.CHAT_COMPLETION;
          case CompletionRequest _,
              EmbeddingRequest _,
              RerankRequest _,
              ClassifyRequest _,
              ExplainRequest _ ->
              CallId.COMPLETION;
        };
    return new AnswerLabel(
        kind.format(call.id()),
        screened.plan().deployment(),
        call.startedAt().getEpochSecond(),
        ServiceTier.answered(screened.request(), screened.admitted().reservation().share()));
  }

  private static ObjectNode parse(ScreenedCall screened, Buffer json) {
    try {
      if (JSON.readTree(json.getBytes()) instanceof ObjectNode document) {
        return document;
      }
    } catch (IOException e) {
      // Falls through: whatever it was, it was not an answer.
    }
    throw new WireException(new WireFailure.BadAnswer(screened.plan().deployment()));
  }

  private static byte[] bytes(ObjectNode document) {
    try {
      return JSON.writeValueAsBytes(document);
    } catch (IOException e) {
      throw new IllegalStateException("a JSON tree has a JSON form", e);
    }
  }
}
