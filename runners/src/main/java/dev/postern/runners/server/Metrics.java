package dev.postern.runners.server;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Counts what the runner did. Belongs to the server's event loop. */
final class Metrics {
  /** Tenants counted by name; the others share one. */
  static final int MOST_TENANTS = 100;

  private static final String OTHERS = "other";

  private final TreeMap<String, Double> counters = new TreeMap<>();
  private final Map<String, TokenRate> rates = new HashMap<>();
  private final Set<String> tenants = new HashSet<>();
  private double attributedSeconds;

  void answered(String route, int status) {
    add("postern_runner_requests_total{route=\"%s\",status=\"%d\"}".formatted(route, status), 1);
  }

  void token(String model) {
    rates.computeIfAbsent(model, _ -> new TokenRate()).add(System.nanoTime());
  }

  void used(String model, String tenant, int promptTokens, GenerationRun.Totals totals) {
    double seconds = totals.cpuMicros() / 1e6;
    attributedSeconds += seconds;
    var label = PrometheusText.label("model", model);
    add("postern_runner_prompt_tokens_total{" + label + "}", promptTokens);
    add("postern_runner_completion_tokens_total{" + label + "}", totals.completionTokens());
    add("postern_runner_cpu_seconds_total{" + label + "}", seconds);
    add("postern_runner_queue_seconds_total{" + label + "}", totals.queueMicros() / 1e6);
    var whose = label + "," + PrometheusText.label("tenant", counted(tenant));
    add("postern_runner_tenant_prompt_tokens_total{" + whose + "}", promptTokens);
    add("postern_runner_tenant_completion_tokens_total{" + whose + "}", totals.completionTokens());
    add("postern_runner_tenant_cpu_seconds_total{" + whose + "}", seconds);
  }

  /** By full name with labels, sorted. */
  Map<String, Double> counters() {
    return counters;
  }

  /** Processor time that requests were told they took. */
  double attributedSeconds() {
    return attributedSeconds;
  }

  double tokensPerSecond(String model) {
    var rate = rates.get(model);
    return rate == null ? 0 : rate.perSecond(System.nanoTime());
  }

  private String counted(String tenant) {
    if (tenants.size() < MOST_TENANTS) {
      tenants.add(tenant);
    }
    return tenants.contains(tenant) ? tenant : OTHERS;
  }

  private void add(String counter, double amount) {
    counters.merge(counter, amount, Double::sum);
  }
}
