package dev.postern.runners.server;

import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.engine.Generator;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/** Counters in the Prometheus text format. Belongs to the server's event loop. */
final class Metrics {
  private final TreeMap<String, Double> counters = new TreeMap<>();

  void answered(String route, int status) {
    add("postern_runner_requests_total{route=\"%s\",status=\"%d\"}".formatted(route, status), 1);
  }

  void used(String model, int promptTokens, GenerationRun.Totals totals) {
    var label = label(model);
    add("postern_runner_prompt_tokens_total" + label, promptTokens);
    add("postern_runner_completion_tokens_total" + label, totals.completionTokens());
    add("postern_runner_cpu_seconds_total" + label, totals.cpuMicros() / 1e6);
    add("postern_runner_queue_seconds_total" + label, totals.queueMicros() / 1e6);
  }

  String text(List<LoadedModel> models, int inFlight) {
    var text = new StringBuilder();
    var last = "";
    for (var counter : counters.entrySet()) {
      var name = counter.getKey().substring(0, counter.getKey().indexOf('{'));
      if (!name.equals(last)) {
        text.append("# TYPE ").append(name).append(" counter\n");
        last = name;
      }
      line(text, counter.getKey(), counter.getValue());
    }
    gauge(text, "postern_runner_requests_in_flight", inFlight);
    for (var model : models) {
      switch (model) {
        case LoadedModel.Generative(var name, Generator generator, _, _, _) -> {
          var load = generator.load();
          line(text, "postern_runner_rows" + label(name), load.rows());
          line(text, "postern_runner_rows_max" + label(name), load.maxRows());
          line(text, "postern_runner_waiting" + label(name), load.waiting());
          line(text, "postern_runner_waiting_max" + label(name), load.maxWaiting());
        }
        case LoadedModel.Encoding(var name, Encoder encoder) ->
            line(text, "postern_runner_waiting_tokens" + label(name), encoder.waitingTokens());
      }
    }
    var heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    gauge(text, "postern_runner_heap_used_bytes", heap.getUsed());
    gauge(text, "postern_runner_heap_max_bytes", heap.getMax());
    ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .ifPresent(time -> gauge(text, "process_cpu_seconds_total", time.toMillis() / 1e3));
    return text.toString();
  }

  private void add(String counter, double amount) {
    counters.merge(counter, amount, Double::sum);
  }

  private static void gauge(StringBuilder text, String name, double value) {
    text.append("# TYPE ").append(name).append(" gauge\n");
    line(text, name, value);
  }

  private static void line(StringBuilder text, String name, double value) {
    text.append(name).append(' ');
    if (value == Math.rint(value)) {
      text.append((long) value);
    } else {
      text.append(String.format(Locale.ROOT, "%.6f", value));
    }
    text.append('\n');
  }

  private static String label(String model) {
    var escaped = model.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return "{model=\"" + escaped + "\"}";
  }
}
