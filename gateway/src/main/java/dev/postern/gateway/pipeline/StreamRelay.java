package dev.postern.gateway.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.inspect.OutputInspector;
import dev.postern.gateway.wire.openai.AnswerLabel;
import dev.postern.gateway.wire.openai.ChoiceText;
import dev.postern.gateway.wire.openai.SseWriter;
import dev.postern.gateway.wire.openai.TokenUsage;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.runners.RunnerPool.TokenStream;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.RerankRequest;
import dev.postern.tenancy.UsageEvent.Outcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One stream on its way from the runner to the client. What one network read brought leaves in one
 * write; the events that end the answer are kept until its usage is on record.
 */
final class StreamRelay {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONTENT_FILTER = "content_filter";

  private final ScreenedCall screened;
  private final Client client;
  private final AnswerLabel label;
  private final TokenStream source;
  private final @Nullable OutputInspector inspector;
  private final ChoiceText shape;
  private final int choicesWanted;
  private final boolean usageWanted;
  private final Map<Integer, InspectedChoice> choices = new HashMap<>();
  private final Map<Integer, InspectedParts> parts = new HashMap<>();
  private final SseWriter now = new SseWriter();
  private final SseWriter last = new SseWriter();
  private final Promise<Answer> answered = Promise.promise();
  private final long began = System.nanoTime();
  private @Nullable TokenUsage reported;
  private long promptTokens;
  private long deltas;
  private long firstByteMicros = -1;
  private long inspectNanos;

  StreamRelay(
      ScreenedCall screened,
      AnswerLabel label,
      TokenStream source,
      @Nullable OutputInspector inspector) {
    this.screened = screened;
    promptTokens = screened.admitted().demand().promptTokens();
    this.client = screened.call().client();
    this.label = label;
    this.source = source;
    this.inspector = inspector;
    switch (screened.request()) {
      case ChatRequest chat -> {
        shape = ChoiceText.CHAT_CHUNK;
        choicesWanted = chat.sampling().n();
        usageWanted = chat.includeUsage();
      }
      case CompletionRequest completion -> {
        shape = ChoiceText.COMPLETION;
        choicesWanted = CompletionShape.of(completion).choices();
        usageWanted = completion.includeUsage();
      }
      case EmbeddingRequest _, RerankRequest _, ClassifyRequest _ ->
          throw new IllegalStateException("what encoders answer does not stream");
      case ExplainRequest _ -> throw new IllegalStateException("explanations do not stream");
    }
  }

  /** Completes with how the stream ended, well or not; never fails. */
  Future<Answer> run() {
    client.gone().onComplete(gone -> leave());
    source.start(
        this::relay, this::finish, failure -> end(Outcome.FAILED, new Ending.Failed(failure)));
    return answered.future();
  }

  private void relay(List<Buffer> events) {
    if (answered.future().isComplete()) {
      return;
    }
    try {
      for (var event : events) {
        relay(parse(event));
      }
    } catch (RuntimeException | IOException e) {
      source.cancel();
      end(Outcome.FAILED, new Ending.Failed(unexpected(e)));
      return;
    }
    flush();
    if (allOver() && anyBlocked()) {
      // The model may go on for long, but nobody will see it.
      source.cancel();
      finish();
    } else if (client.congested()) {
      source.pause();
      client.onDrain(source::resume);
    }
  }

  private void relay(ObjectNode chunk) {
    TokenUsage.of(chunk).ifPresent(usage -> reported = usage);
    TokenUsage.promptTokens(chunk).ifPresent(told -> promptTokens = told);
    label.apply(chunk);
    if (usageWanted) {
      chunk.putNull("usage");
    } else {
      chunk.remove("usage");
    }
    for (var node : chunk.path("choices")) {
      if (node instanceof ObjectNode choice) {
        relay(chunk, choice);
      }
    }
  }

  private void relay(ObjectNode chunk, ObjectNode choice) {
    var state = choices.computeIfAbsent(choice.path("index").asInt(), index -> open());
    if (state.over()) {
      return;
    }
    var text = shape.read(choice);
    if (text.isEmpty() && saysParts(choice)) {
      deltas++;
    }
    if (inspector != null && choice.get("delta") instanceof ObjectNode delta) {
      var mark = System.nanoTime();
      var inspected = parts(choice, inspector);
      inspected.pass(delta);
      inspectNanos += System.nanoTime() - mark;
      if (inspected.blocked()) {
        shape.clear(choice);
        finishBlocked(chunk, choice, new InspectedChoice.Passed("", NullNode.getInstance()), state);
        return;
      }
    }
    if (!text.isEmpty()) {
      deltas++;
      var mark = System.nanoTime();
      var passed = state.accept(text, choice.path("logprobs"));
      inspectNanos += System.nanoTime() - mark;
      replaceText(choice, passed);
      if (state.blocked()) {
        finishBlocked(chunk, choice, passed, state);
        return;
      }
      if (passed.text().isEmpty() && !shape.saysMore(choice) && !finishes(choice)) {
        return;
      }
    }
    if (finishes(choice)) {
      finish(chunk, choice, state);
    } else {
      emit(now, chunk, choice);
    }
  }

  private static boolean saysParts(JsonNode choice) {
    return choice.path("delta").has("reasoning_content") || choice.path("delta").has("tool_calls");
  }

  private InspectedParts parts(ObjectNode choice, OutputInspector active) {
    return parts.computeIfAbsent(
        choice.path("index").asInt(), _ -> new InspectedParts(active, screened.policy()));
  }

  private void replaceText(ObjectNode choice, InspectedChoice.Passed passed) {
    if (inspector == null) {
      return;
    }
    if (passed.text().isEmpty()) {
      shape.clear(choice);
    } else {
      shape.write(choice, passed.text());
    }
    choice.set("logprobs", passed.logprobs());
  }

  /** The runner ended the choice: first what inspection held back, then the end itself. */
  private void finish(ObjectNode chunk, ObjectNode choice, InspectedChoice state) {
    var mark = System.nanoTime();
    var rest = state.finish();
    var said = parts.get(choice.path("index").asInt());
    if (said != null) {
      var more = bareChoice(choice);
      if (more.get("delta") instanceof ObjectNode delta && said.finish(delta, true)) {
        emit(now, chunk, more);
      }
    }
    inspectNanos += System.nanoTime() - mark;
    if (!rest.text().isEmpty()) {
      var text = bareChoice(choice);
      shape.write(text, rest.text());
      text.set("logprobs", rest.logprobs());
      emit(now, chunk, shape.read(choice).isEmpty() ? text : joined(choice, text));
      shape.clear(choice);
      choice.putNull("logprobs");
    }
    if (state.blocked() || (said != null && said.blocked())) {
      choice.put("finish_reason", CONTENT_FILTER);
    }
    emit(last, chunk, choice);
    state.end();
  }

  /** The last delta came with the end of the choice: what was held back goes behind its text. */
  private ObjectNode joined(ObjectNode choice, ObjectNode rest) {
    shape.write(rest, shape.read(choice) + shape.read(rest));
    return rest;
  }

  private void finishBlocked(
      ObjectNode chunk, ObjectNode choice, InspectedChoice.Passed passed, InspectedChoice state) {
    if (!passed.text().isEmpty()) {
      choice.putNull("finish_reason");
      emit(now, chunk, choice);
    }
    var end = bareChoice(choice);
    end.put("finish_reason", CONTENT_FILTER);
    emit(last, chunk, end);
    state.end();
  }

  private ObjectNode bareChoice(ObjectNode choice) {
    var bare = JsonNodeFactory.instance.objectNode();
    bare.set("index", choice.path("index"));
    switch (shape) {
      case CHAT_CHUNK -> bare.putObject("delta");
      case COMPLETION -> bare.put("text", "");
      case CHAT_DOCUMENT -> throw new IllegalStateException("not a stream's shape");
    }
    bare.putNull("logprobs").putNull("finish_reason");
    return bare;
  }

  private static void emit(SseWriter to, ObjectNode chunk, ObjectNode choice) {
    chunk.putArray("choices").add(choice);
    to.event(chunk);
  }

  private InspectedChoice open() {
    return new InspectedChoice(inspector == null ? null : inspector.open(screened.policy()));
  }

  private static boolean finishes(JsonNode choice) {
    return choice.hasNonNull("finish_reason");
  }

  private boolean allOver() {
    return choices.size() >= choicesWanted
        && choices.values().stream().allMatch(InspectedChoice::over);
  }

  private boolean anyBlocked() {
    return choices.values().stream().anyMatch(InspectedChoice::blocked)
        || parts.values().stream().anyMatch(InspectedParts::blocked);
  }

  private void flush() {
    if (now.isEmpty()) {
      return;
    }
    if (firstByteMicros < 0) {
      firstByteMicros = screened.call().elapsedMicros();
    }
    client.stream(now.take());
  }

  private void finish() {
    if (usageWanted) {
      last.event(usageChunk());
    }
    last.done();
    end(
        anyBlocked() ? Outcome.OUTPUT_BLOCKED : Outcome.COMPLETED,
        new Ending.LastEvents(last.take()));
  }

  private ObjectNode usageChunk() {
    var chunk = JsonNodeFactory.instance.objectNode();
    label.apply(chunk);
    chunk.put(
        "object",
        switch (shape) {
          case CHAT_CHUNK -> "chat.completion.chunk";
          case COMPLETION -> "text_completion";
          case CHAT_DOCUMENT -> throw new IllegalStateException("not a stream's shape");
        });
    chunk.putArray("choices");
    chunk.set("usage", usage().json());
    return chunk;
  }

  private void leave() {
    source.cancel();
    end(Outcome.CANCELLED, new Ending.ClientGone());
  }

  private void end(Outcome outcome, Ending ending) {
    if (answered.future().isComplete()) {
      return;
    }
    var times = screened.call().times();
    times.add("generate", System.nanoTime() - began - inspectNanos);
    times.add("inspect_output", inspectNanos);
    answered.complete(
        new Answer(
            screened.admitted(),
            outcome,
            usage(),
            firstByteMicros,
            true,
            screened.findings(),
            findings(),
            ending));
  }

  /**
   * What the runner counted; for a stream that was cut before it told, the tokens that came and the
   * prompt as our runners tell it at the beginning, or else as it was estimated for admission.
   */
  private TokenUsage usage() {
    return reported != null ? reported : new TokenUsage(promptTokens, 0, deltas, 0, 0);
  }

  private List<Finding> findings() {
    return Stream.concat(
            choices.values().stream().flatMap(choice -> choice.findings().stream()),
            parts.values().stream().flatMap(said -> said.findings().stream()))
        .toList();
  }

  private static ObjectNode parse(Buffer event) throws IOException {
    if (JSON.readTree(event.getBytes()) instanceof ObjectNode chunk) {
      return chunk;
    }
    throw new IOException("not a JSON object");
  }

  /** A runner's malformed event and a fault of our own look the same to the client. */
  private Throwable unexpected(Exception cause) {
    return cause instanceof RuntimeException
        ? cause
        : new WireException(new WireFailure.BadAnswer(screened.plan().deployment()));
  }
}
