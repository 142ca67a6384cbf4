package dev.postern.gateway.wire.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.testing.FakeQuotas;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.wire.BadRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenancyFailure.Metric;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorEnvelopeTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String INVALID = "invalid_request_error";
  private static final Duration SECOND = Duration.ofSeconds(1);

  static Stream<Arguments> table() {
    return Stream.of(
        row(new WireFailure.MissingKey(), 401, INVALID, null, "invalid_api_key"),
        row(new WireFailure.WrongKeyKind("an admin key"), 403, INVALID, null, null),
        row(new WireFailure.ForeignScope("OpenAI-Project"), 403, INVALID, null, null),
        row(new WireFailure.MissingProject(), 400, INVALID, null, "missing_required_parameter"),
        row(new WireFailure.CsrfMismatch(), 403, INVALID, null, "csrf_mismatch"),
        row(new WireFailure.BodyTooLarge(10), 413, INVALID, null, null),
        row(new WireFailure.TooBusy(), 503, "server_error", null, "server_is_overloaded"),
        row(new WireFailure.BodyTooSlow(SECOND), 408, INVALID, null, null),
        row(new WireFailure.UnknownRoute("GET", "/x"), 404, INVALID, null, null),
        row(
            new WireFailure.MethodNotAllowed("GET", "/x", List.of("POST")),
            405,
            INVALID,
            null,
            null),
        row(new WireFailure.NotOffered("/v1/audio"), 404, INVALID, null, "not_offered"),
        row(new WireFailure.MalformedHttp(431, "too large"), 431, INVALID, null, null),
        row(new WireFailure.WrongModelRole("m", "x"), 400, INVALID, "model", "invalid_value"),
        row(
            new WireFailure.CompletionTooLong("max_tokens", 9, 8),
            400,
            INVALID,
            "max_tokens",
            "invalid_value"),
        row(
            new WireFailure.PromptBlocked(List.of(new Finding("pii.card", Action.BLOCK, 1))),
            400,
            INVALID,
            null,
            "content_policy_violation"),
        row(new WireFailure.JobsFull(8), 429, "requests", null, "rate_limit_exceeded"),
        row(new WireFailure.NotReady(), 503, "server_error", null, null),
        row(new WireFailure.BadAnswer("r"), 500, "server_error", null, null),
        row(new TenancyFailure.NotFound("project", "proj_1"), 404, INVALID, null, null),
        row(new TenancyFailure.Invalid("name", "bad"), 400, INVALID, "name", "invalid_value"),
        row(new TenancyFailure.Conflict("archived"), 400, INVALID, null, "conflict"),
        row(new TenancyFailure.BadKey(), 401, INVALID, null, "invalid_api_key"),
        row(new TenancyFailure.OperatorOnly(), 403, INVALID, null, "operator_only"),
        row(new TenancyFailure.NoSession(), 401, INVALID, null, "invalid_session"),
        row(new TenancyFailure.BadCredentials(), 401, INVALID, null, "invalid_credentials"),
        row(
            new TenancyFailure.TooManyAttempts(SECOND),
            429,
            "requests",
            null,
            "rate_limit_exceeded"),
        row(limit(Metric.REQUESTS_PER_MINUTE), 429, "requests", null, "rate_limit_exceeded"),
        row(limit(Metric.TOKENS_PER_MINUTE), 429, "tokens", null, "rate_limit_exceeded"),
        row(limit(Metric.CONCURRENT_REQUESTS), 429, "requests", null, "rate_limit_exceeded"),
        row(
            new TenancyFailure.BudgetSpent(
                BigDecimal.ONE, BigDecimal.TEN, "usd", 7, FakeQuotas.STATUS),
            429,
            "insufficient_quota",
            null,
            "insufficient_quota"),
        row(new TenancyFailure.StoreUnavailable(), 503, "server_error", null, null),
        row(new RegistryFailure.ModelNotFound("m"), 404, INVALID, "model", "model_not_found"),
        row(new RegistryFailure.Invalid("name", "bad"), 400, INVALID, "name", "invalid_value"),
        row(new RegistryFailure.StoreUnavailable(), 503, "server_error", null, null),
        row(
            new RunnerFailure.Unavailable("secret-runner", SECOND),
            503,
            "server_error",
            null,
            "server_is_overloaded"),
        row(
            new RunnerFailure.Overloaded("secret-runner", SECOND),
            503,
            "server_error",
            null,
            "server_is_overloaded"),
        row(
            new RunnerFailure.UnknownAdapter("secret-runner"),
            503,
            "server_error",
            null,
            "server_is_overloaded"),
        row(new RunnerFailure.TimedOut("secret-runner", SECOND), 504, "server_error", null, null),
        row(
            new RunnerFailure.Refused(
                "secret-runner",
                400,
                "{\"error\":{\"message\":\"m\",\"param\":\"p\",\"code\":\"c\"}}"),
            400,
            INVALID,
            "p",
            "c"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("table")
  void wordsEachFailure(
      Object failure, int status, String type, @Nullable String param, @Nullable String code)
      throws Exception {
    var answer = ErrorEnvelope.of(thrown(failure), "req_1");

    assertThat(answer.status()).isEqualTo(status);
    var error = JSON.readTree(answer.body().getBytes()).path("error");
    assertThat(error.size()).isEqualTo(4);
    assertThat(error.path("type").asText()).isEqualTo(type);
    assertThat(error.get("param").textValue()).isEqualTo(param);
    assertThat(error.get("code").textValue()).isEqualTo(code);
    assertThat(error.path("message").asText()).isNotBlank();
    if (status >= 500) {
      assertThat(answer.message()).contains("req_1").doesNotContain("secret");
    }
  }

  @Test
  void theTableHasEveryFailure() {
    var seen = new HashSet<Class<?>>();
    table().forEach(row -> seen.add(row.get()[0].getClass()));

    assertThat(seen)
        .contains(WireFailure.class.getPermittedSubclasses())
        .contains(TenancyFailure.class.getPermittedSubclasses())
        .contains(RegistryFailure.class.getPermittedSubclasses())
        .contains(RunnerFailure.class.getPermittedSubclasses());
  }

  @Test
  void aBadBodyKeepsItsParserWords() {
    var answer = ErrorEnvelope.of(new BadRequest("n is too large", "n", "invalid_value"), "req_1");

    assertThat(answer.body().toString())
        .isEqualTo(
            "{\"error\":{\"message\":\"n is too large\",\"type\":\"invalid_request_error\","
                + "\"param\":\"n\",\"code\":\"invalid_value\"}}");
  }

  @Test
  void anythingElseIsAFaultThatSaysNothingOfItself() {
    var answer = ErrorEnvelope.of(new IllegalStateException("jdbc:secret"), "req_1");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.message()).contains("req_1").doesNotContain("secret");
  }

  @Test
  void aRefusalOfOurOwnCredentialsByARunnerIsNotTheCallersFault() {
    var refused = new RunnerFailure.Refused("r", 401, "{\"error\":{\"message\":\"secret\"}}");

    var answer = ErrorEnvelope.of(refused, "req_1");

    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.message()).doesNotContain("secret");
  }

  @Test
  void waitingDoesNotHelpACallThatIsLargerThanTheLimit() {
    var tooLarge =
        new TenancyFailure.LimitReached(
            Metric.TOKENS_PER_MINUTE, "project", 10, 20, true, Duration.ZERO, FakeQuotas.STATUS);

    var answer = ErrorEnvelope.of(tooLarge, "req_1");

    assertThat(answer.retryHelps()).isFalse();
    assertThat(answer.retryAfter()).isNull();
  }

  @Test
  void quotesInMessagesAreEscaped() throws Exception {
    var answer = ErrorEnvelope.of(new RegistryFailure.ModelNotFound("a\"b\\c\n\u0001"), "req_1");

    assertThat(JSON.readTree(answer.body().getBytes()).path("error").path("message").asText())
        .contains("a\"b\\c\n\u0001");
  }

  private static TenancyFailure limit(Metric metric) {
    return new TenancyFailure.LimitReached(
        metric, "project", 10, 1, false, SECOND, FakeQuotas.STATUS);
  }

  private static Arguments row(
      Object failure, int status, String type, @Nullable String param, @Nullable String code) {
    return arguments(failure, status, type, param, code);
  }

  private static RuntimeException thrown(Object failure) {
    return switch (failure) {
      case WireFailure wire -> new WireException(wire);
      case TenancyFailure tenancy -> new TenancyException(tenancy);
      case RegistryFailure registry -> new RegistryException(registry);
      case RunnerFailure runner -> new RunnerException(runner);
      default -> throw new IllegalArgumentException(failure.toString());
    };
  }
}
