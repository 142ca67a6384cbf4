package dev.postern.tenancy;

import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One call, whatever its end: the only thing that is billed and the row behind every report.
 *
 * @param id UUID version 7, the key that makes recording idempotent; also the wire's response id
 * @param subjectId the API key's id, or the user's for calls from the console
 * @param model the name the client called
 * @param version digest of the model version that answered; null when none was reached
 * @param promptTokens tokens of the prompt, cached ones included
 * @param completionTokens tokens delivered to the client or produced for it
 * @param reasoningTokens of the completion's, what the model thought before its content
 * @param firstTokenMicros from arrival to the first byte of the answer; -1 when there was none
 * @param runnerCpuMicros processor time of the runner attributed to this call
 * @param stageMicros time of each pipeline stage by name, in order
 * @param verdict the strongest guardrail action taken: none, flag, redact or block
 */
public record UsageEvent(
    UUID id,
    TenantId tenant,
    ProjectId project,
    Principal.Kind subjectKind,
    UUID subjectId,
    Endpoint endpoint,
    String model,
    @Nullable String version,
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long reasoningTokens,
    Outcome outcome,
    int httpStatus,
    @Nullable String errorCode,
    boolean streamed,
    Instant startedAt,
    long firstTokenMicros,
    long totalMicros,
    long runnerCpuMicros,
    Map<String, Long> stageMicros,
    String verdict) {

  /** The API that was called. */
  public enum Endpoint {
    CHAT_COMPLETIONS,
    COMPLETIONS,
    EMBEDDINGS,
    RERANK,
    CLASSIFY,
    EXPLAIN
  }

  /** How the call ended. */
  public enum Outcome {
    COMPLETED,
    /** The client went away; charged for what was produced until then. */
    CANCELLED,
    /** The prompt policy refused it: nothing reached a model. */
    PROMPT_BLOCKED,
    /** The output policy ended it. */
    OUTPUT_BLOCKED,
    /** The runner refused or failed, perhaps half way. */
    FAILED
  }
}
