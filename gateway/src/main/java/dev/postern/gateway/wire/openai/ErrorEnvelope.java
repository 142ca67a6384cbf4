package dev.postern.gateway.wire.openai;

import static dev.postern.gateway.wire.openai.ErrorAnswer.badRequest;
import static dev.postern.gateway.wire.openai.ErrorAnswer.refusal;
import static dev.postern.gateway.wire.openai.ErrorAnswer.serverError;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.inspect.Finding;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.wire.BadRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * The one place where failures become answers. One exhaustive switch for each family of failures: a
 * new failure does not compile until it is worded here.
 */
public final class ErrorEnvelope {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SOON = Duration.ofSeconds(1);
  private static final String INVALID = "invalid_request_error";

  private ErrorEnvelope() {}

  /**
   * @param requestId told to the caller of a failure on our side, so that its log line can be found
   */
  public static ErrorAnswer of(Throwable cause, String requestId) {
    return switch (cause) {
      case BadRequest bad -> badRequest(text(bad), bad.param(), bad.code());
      case WireException wire -> of(wire.failure(), requestId);
      case TenancyException tenancy -> of(tenancy.failure(), requestId);
      case RegistryException registry -> of(registry.failure(), requestId);
      case RunnerException runner -> of(runner.failure(), requestId);
      default -> fault(requestId);
    };
  }

  static ErrorAnswer of(WireFailure failure, String requestId) {
    return switch (failure) {
      case WireFailure.MissingKey() ->
          refusal(
              401,
              INVALID,
              "No API key was provided. Send it in the header 'Authorization: Bearer YOUR_KEY'.",
              null,
              "invalid_api_key");
      case WireFailure.WrongKeyKind(var needed) ->
          refusal(
              403, INVALID, "This route needs another kind of key: " + needed + ".", null, null);
      case WireFailure.ForeignScope(var header) ->
          refusal(
              403,
              INVALID,
              "The header '%s' names another one than this key belongs to. Leave it out or correct it."
                  .formatted(header),
              null,
              null);
      case WireFailure.MissingProject() ->
          badRequest(
              "A call from the console has to name its project in the header 'OpenAI-Project'.",
              null,
              "missing_required_parameter");
      case WireFailure.CsrfMismatch() ->
          refusal(
              403,
              INVALID,
              "The header 'x-postern-csrf' must hold the token of this session.",
              null,
              "csrf_mismatch");
      case WireFailure.BodyTooLarge(var limit) ->
          refusal(
              413,
              INVALID,
              "The body is larger than the limit of %d bytes.".formatted(limit),
              null,
              null);
      case WireFailure.TooBusy() ->
          serverError(
                  503,
                  "The server is busy with large requests. " + quote(requestId),
                  "server_is_overloaded",
                  Level.WARN)
              .retryAfter(SOON);
      case WireFailure.BodyTooSlow(var limit) ->
          refusal(
              408,
              INVALID,
              "The body did not arrive within %d seconds.".formatted(limit.toSeconds()),
              null,
              null);
      case WireFailure.UnknownRoute(var method, var path) ->
          refusal(404, INVALID, "Unknown request URL: %s %s.".formatted(method, path), null, null);
      case WireFailure.MethodNotAllowed(var method, var path, var allowed) ->
          refusal(
              405,
              INVALID,
              "%s is not allowed for %s%s."
                  .formatted(
                      method,
                      path,
                      allowed.isEmpty() ? "" : "; use " + String.join(" or ", allowed)),
              null,
              null);
      case WireFailure.NotOffered(var path) ->
          refusal(
              404,
              INVALID,
              "%s is part of the OpenAI API but not offered by this server.".formatted(path),
              null,
              "not_offered");
      case WireFailure.MalformedHttp(var status, var reason) ->
          refusal(status, INVALID, reason, null, null);
      case WireFailure.WrongModelRole(var model, var needed) ->
          badRequest(
              "The model '%s' cannot be used here: this route needs a model for %s."
                  .formatted(model, needed),
              "model",
              "invalid_value");
      case WireFailure.CompletionTooLong(var param, var requested, var contextLength) ->
          badRequest(
              "%s is too large: %d. This model's context has %d tokens, prompt and completion together."
                  .formatted(param, requested, contextLength),
              param,
              "invalid_value");
      case WireFailure.PromptBlocked(var findings) ->
          badRequest(
              "The prompt was refused by the guardrail policy of this project (%s)."
                  .formatted(blocking(findings)),
              null,
              "content_policy_violation");
      case WireFailure.JobsFull(var most) ->
          refusal(
                  429,
                  "requests",
                  "%d jobs are waiting, which is as many as may.".formatted(most),
                  null,
                  "rate_limit_exceeded")
              .retryAfter(Duration.ofMinutes(1));
      case WireFailure.NotReady() ->
          serverError(503, "The server is not ready. " + quote(requestId), null, Level.INFO)
              .retryAfter(SOON);
      case WireFailure.BadAnswer _ -> fault(requestId);
    };
  }

  private static String blocking(List<Finding> findings) {
    return findings.stream()
        .filter(finding -> finding.action() == GuardrailPolicy.Action.BLOCK)
        .map(Finding::detector)
        .collect(Collectors.joining(", "));
  }

  static ErrorAnswer of(TenancyFailure failure, String requestId) {
    return switch (failure) {
      case TenancyFailure.NotFound(var kind, var id) ->
          refusal(404, INVALID, "No %s found with id '%s'.".formatted(kind, id), null, null);
      case TenancyFailure.Invalid(var param, var message) ->
          badRequest(message, param, "invalid_value");
      case TenancyFailure.Conflict(var message) -> badRequest(message, null, "conflict");
      case TenancyFailure.BadKey() ->
          refusal(
              401,
              INVALID,
              "Incorrect API key provided: it is unknown, expired or revoked.",
              null,
              "invalid_api_key");
      case TenancyFailure.OperatorOnly() ->
          refusal(
              403,
              INVALID,
              "Only the organisation that runs this installation may do this.",
              null,
              "operator_only");
      case TenancyFailure.NoSession() ->
          refusal(401, INVALID, "Sign in first: there is no session.", null, "invalid_session");
      case TenancyFailure.BadCredentials() ->
          refusal(
              401, INVALID, "The e-mail or the password is wrong.", null, "invalid_credentials");
      case TenancyFailure.TooManyAttempts(var wait) ->
          refusal(
                  429,
                  "requests",
                  "Too many attempts to sign in. Wait " + GoDuration.of(wait) + ".",
                  null,
                  "rate_limit_exceeded")
              .retryAfter(wait);
      case TenancyFailure.LimitReached limit -> limitReached(limit);
      case TenancyFailure.BudgetSpent budget ->
          refusal(
                  429,
                  "insufficient_quota",
                  "The budget of this project is spent: %s of %s %s, as of ledger entry %d. An administrator can raise it."
                      .formatted(
                          budget.spent().toPlainString(),
                          budget.limit().toPlainString(),
                          budget.currency().toUpperCase(Locale.ROOT),
                          budget.ledgerPosition()),
                  null,
                  "insufficient_quota")
              .limits(budget.status())
              .retryHelps(false);
      case TenancyFailure.StoreUnavailable() -> storeUnavailable(requestId);
    };
  }

  private static ErrorAnswer limitReached(TenancyFailure.LimitReached limit) {
    var unit =
        switch (limit.metric()) {
          case REQUESTS_PER_MINUTE -> "requests per min (RPM)";
          case TOKENS_PER_MINUTE -> "tokens per min (TPM)";
          case CONCURRENT_REQUESTS -> "concurrent requests";
        };
    var type =
        switch (limit.metric()) {
          case REQUESTS_PER_MINUTE, CONCURRENT_REQUESTS -> "requests";
          case TOKENS_PER_MINUTE -> "tokens";
        };
    var facts =
        "%s for %s on %s: Limit %d, Requested %d. "
            .formatted(
                limit.impossible() ? "Request too large" : "Rate limit reached",
                limit.scope(),
                unit,
                limit.limit(),
                limit.requested());
    var answer =
        refusal(
                429,
                type,
                facts
                    + (limit.impossible()
                        ? "It can never fit: ask for fewer tokens or have the limit raised."
                        : "Please try again in " + GoDuration.of(limit.retryAfter()) + "."),
                null,
                "rate_limit_exceeded")
            .limits(limit.status());
    return limit.impossible() ? answer.retryHelps(false) : answer.retryAfter(limit.retryAfter());
  }

  static ErrorAnswer of(RegistryFailure failure, String requestId) {
    return switch (failure) {
      case RegistryFailure.ModelNotFound(var model) ->
          refusal(
              404,
              INVALID,
              "The model '%s' does not exist or you do not have access to it.".formatted(model),
              "model",
              "model_not_found");
      case RegistryFailure.Invalid(var param, var message) ->
          badRequest(message, param, "invalid_value");
      case RegistryFailure.StoreUnavailable() -> storeUnavailable(requestId);
    };
  }

  static ErrorAnswer of(RunnerFailure failure, String requestId) {
    return switch (failure) {
      case RunnerFailure.Unavailable(_, var wait) -> noRunner(requestId).retryAfter(wait);
      case RunnerFailure.UnknownAdapter(_) -> noRunner(requestId).retryAfter(SOON);
      case RunnerFailure.Overloaded(_, var wait) ->
          serverError(
                  503,
                  "The model is overloaded with other requests. " + quote(requestId),
                  "server_is_overloaded",
                  Level.WARN)
              .retryAfter(wait);
      case RunnerFailure.TimedOut(_, var limit) ->
          serverError(
              504,
              "The model did not answer within %d seconds. %s"
                  .formatted(limit.toSeconds(), quote(requestId)),
              null,
              Level.WARN);
      case RunnerFailure.Refused(_, var status, var body) -> refused(status, body, requestId);
    };
  }

  private static ErrorAnswer noRunner(String requestId) {
    return serverError(
        503,
        "No runner can answer for this model at the moment. " + quote(requestId),
        "server_is_overloaded",
        Level.WARN);
  }

  /** A runner's 400 is the caller's to read. Any other 4xx is about how we call it: our fault. */
  private static ErrorAnswer refused(int status, String body, String requestId) {
    if (status != 400 && status != 413 && status != 422) {
      return fault(requestId);
    }
    JsonNode error;
    try {
      error = JSON.readTree(body).path("error");
    } catch (JsonProcessingException e) {
      return badRequest("The model refused the request.", null, null);
    }
    return badRequest(
        error.path("message").asText("The model refused the request."),
        textOrNull(error.path("param")),
        textOrNull(error.path("code")));
  }

  private static String text(BadRequest bad) {
    return Objects.requireNonNullElse(bad.getMessage(), "The request is not valid.");
  }

  private static @Nullable String textOrNull(JsonNode node) {
    return node.isTextual() ? node.textValue() : null;
  }

  private static ErrorAnswer storeUnavailable(String requestId) {
    return serverError(
            503,
            "The server cannot reach its database at the moment. " + quote(requestId),
            null,
            Level.WARN)
        .retryAfter(SOON);
  }

  private static ErrorAnswer fault(String requestId) {
    return serverError(500, "The server had an error. " + quote(requestId), null, Level.ERROR);
  }

  private static String quote(String requestId) {
    return "Quote the request id " + requestId + " when you report it.";
  }
}
