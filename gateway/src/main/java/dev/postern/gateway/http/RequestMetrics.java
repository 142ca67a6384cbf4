package dev.postern.gateway.http;

import dev.postern.tenancy.UsageEvent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Counts and times of requests. Labels come from our own route templates and enumerations, so no
 * client can make new series; meters are kept by label, which spares the registry's look-up.
 */
final class RequestMetrics {
  private static final Set<HttpMethod> METHODS =
      Set.of(
          HttpMethod.GET,
          HttpMethod.HEAD,
          HttpMethod.POST,
          HttpMethod.PUT,
          HttpMethod.PATCH,
          HttpMethod.DELETE,
          HttpMethod.OPTIONS);

  private final MeterRegistry registry;
  private final Map<Answer, Timer> answers = new ConcurrentHashMap<>();
  private final Map<Ending, Inference> endings = new ConcurrentHashMap<>();

  RequestMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void finished(Exchange exchange) {
    answers
        .computeIfAbsent(
            new Answer(
                exchange.route(),
                method(exchange.request().method()),
                exchange.response().getStatusCode()),
            this::timer)
        .record(exchange.elapsed());
    var usage = exchange.usage();
    if (usage != null) {
      endings
          .computeIfAbsent(new Ending(usage.endpoint(), usage.outcome()), this::inference)
          .record(usage);
    }
  }

  private static String method(HttpMethod method) {
    return METHODS.contains(method) ? method.name() : "other";
  }

  private Timer timer(Answer answer) {
    return Timer.builder("postern.http.requests")
        .description("Requests from their head to the end of their answer")
        .tag("route", answer.route())
        .tag("method", answer.method())
        .tag("status", Integer.toString(answer.status()))
        .register(registry);
  }

  private Inference inference(Ending ending) {
    var endpoint = ending.endpoint().name().toLowerCase(Locale.ROOT);
    var outcome = ending.outcome().name().toLowerCase(Locale.ROOT);
    return new Inference(
        Timer.builder("postern.inference.first.token")
            .description("From the arrival of a request to the first byte of its answer")
            .tag("endpoint", endpoint)
            .tag("outcome", outcome)
            .serviceLevelObjectives(
                Duration.ofMillis(50),
                Duration.ofMillis(100),
                Duration.ofMillis(250),
                Duration.ofMillis(500),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofSeconds(5),
                Duration.ofSeconds(10))
            .register(registry),
        tokens(endpoint, outcome, "prompt"),
        tokens(endpoint, outcome, "completion"));
  }

  private Counter tokens(String endpoint, String outcome, String kind) {
    return Counter.builder("postern.inference.tokens")
        .description("Tokens as metered")
        .tag("endpoint", endpoint)
        .tag("outcome", outcome)
        .tag("kind", kind)
        .register(registry);
  }

  private record Answer(String route, String method, int status) {}

  private record Ending(UsageEvent.Endpoint endpoint, UsageEvent.Outcome outcome) {}

  private record Inference(Timer firstToken, Counter prompt, Counter completion) {
    void record(UsageEvent usage) {
      if (usage.firstTokenMicros() >= 0) {
        firstToken.record(usage.firstTokenMicros(), TimeUnit.MICROSECONDS);
      }
      prompt.increment(usage.promptTokens());
      completion.increment(usage.completionTokens());
    }
  }
}
