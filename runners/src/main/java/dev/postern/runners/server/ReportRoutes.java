package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.runners.engine.Device;
import dev.postern.runners.engine.Generator;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Says how the runner is: alive, ready, how busy, and what it has spent. */
final class ReportRoutes {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Duration RETRY = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final Device device;
  private final LoadedModels models;
  private final Metrics metrics;
  private final Traffic traffic;

  ReportRoutes(Vertx vertx, Device device, LoadedModels models, Metrics metrics, Traffic traffic) {
    this.vertx = vertx;
    this.device = device;
    this.models = models;
    this.metrics = metrics;
    this.traffic = traffic;
  }

  List<Route> routes() {
    return List.of(
        Route.open("/health", call -> call.json(status("ok"))),
        Route.open("/ready", this::ready),
        Route.get("/metrics", this::metrics),
        Route.get("/v1/models", this::list),
        Route.get("/control/models", call -> call.json(Json.object(this::writeModels))),
        Route.get("/control/capacity", this::capacity));
  }

  private void ready(ServedCall call) {
    if (traffic.draining()) {
      call.fail(ApiFailure.unavailable(RETRY));
    } else if (models.serving().isEmpty()) {
      call.fail(ApiFailure.noModel(RETRY));
    } else {
      call.json(status("ready"));
    }
  }

  private void list(ServedCall call) {
    call.json(
        Json.object(json -> {
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          for (var model : models.all()) {
            json.writeStartObject();
            json.writeStringField("id", model.source().name());
            json.writeStringField("object", "model");
            json.writeNumberField("created", 0);
            json.writeStringField("owned_by", "postern");
            json.writeEndObject();
          }
          json.writeEndArray();
        }));
  }

  private void writeModels(JsonGenerator json) throws IOException {
    json.writeArrayFieldStart("models");
    for (var view : models.all()) {
      ModelReport.write(json, view, metrics.tokensPerSecond(view.source().name()));
    }
    json.writeEndArray();
  }

  private void capacity(ServedCall call) {
    measured()
        .onSuccess(process ->
            call.json(
                Json.object(json -> {
                  json.writeStringField("device", device.name());
                  json.writeStringField("device_note", device.note());
                  json.writeBooleanField("draining", traffic.draining());
                  json.writeNumberField("requests", traffic.inFlight() - 1);
                  json.writeObjectFieldStart("memory");
                  json.writeNumberField("budget_bytes", models.memory().bytes());
                  json.writeNumberField("promised_bytes", models.memory().taken());
                  json.writeNumberField("resident_bytes", process.residentBytes());
                  json.writeEndObject();
                  json.writeNumberField("cpu_seconds", process.cpuSeconds());
                  json.writeNumberField("attributed_cpu_seconds", metrics.attributedSeconds());
                  writeModels(json);
                })))
        .onFailure(call::fail);
  }

  /** What the operating system says of this process; 0 where it does not. */
  private record Measured(
      double cpuSeconds, long residentBytes, Map<CpuTimes.Part, Double> cpuByPart) {}

  private Future<Measured> measured() {
    return vertx.executeBlocking(
        () ->
            new Measured(
                ProcessHandle.current()
                    .info()
                    .totalCpuDuration()
                    .map(time -> time.toMillis() / 1e3)
                    .orElse(0.0),
                residentBytes(),
                CpuTimes.read()),
        false);
  }

  private static long residentBytes() throws IOException {
    if (!Files.exists(STATUS)) {
      return 0;
    }
    for (var line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    return 0;
  }

  private void metrics(ServedCall call) {
    measured()
        .onSuccess(process ->
            call.response()
                .putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8")
                .end(text(process)))
        .onFailure(call::fail);
  }

  private String text(Measured process) {
    var text = new PrometheusText();
    text.counters(metrics.counters());
    text.gauge("postern_runner_requests_in_flight", traffic.inFlight() - 1);
    var generative =
        models.serving().stream()
            .filter(LoadedModel.Generative.class::isInstance)
            .map(LoadedModel.Generative.class::cast)
            .toList();
    each(text, generative, "postern_runner_rows", load -> load.rows());
    each(text, generative, "postern_runner_rows_max", load -> load.maxRows());
    each(text, generative, "postern_runner_waiting", load -> load.waiting());
    each(text, generative, "postern_runner_waiting_max", load -> load.maxWaiting());
    each(text, generative, "postern_runner_cache_bytes", load -> load.cacheBytes());
    each(text, generative, "postern_runner_cache_bytes_max", load -> load.maxCacheBytes());
    for (var model : generative) {
      text.gauge(
          "postern_runner_tokens_per_second",
          PrometheusText.label("model", model.name()),
          metrics.tokensPerSecond(model.name()));
      engine(text, PrometheusText.label("model", model.name()), model.generator().counters());
    }
    for (var model : models.serving()) {
      if (model instanceof LoadedModel.Encoding(var name, var encoder)) {
        text.gauge(
            "postern_runner_waiting_tokens",
            PrometheusText.label("model", name),
            encoder.waitingTokens());
      }
    }
    for (var view : models.all()) {
      text.gauge(
          "postern_runner_model_bytes",
          PrometheusText.label("model", view.source().name()),
          view.bytes());
    }
    text.gauge("postern_runner_memory_budget_bytes", models.memory().bytes());
    text.gauge("postern_runner_memory_promised_bytes", models.memory().taken());
    text.counter("postern_runner_model_loads_total", models.loads());
    text.counter("postern_runner_model_evictions_total", models.evictions());
    process
        .cpuByPart()
        .forEach((part, seconds) ->
            text.counter(
                "postern_runner_process_cpu_seconds_total",
                PrometheusText.label("part", part.name().toLowerCase(Locale.ROOT)),
                seconds));
    text.counter(
        "postern_runner_unattributed_cpu_seconds_total",
        Math.max(0, process.cpuSeconds() - metrics.attributedSeconds()));
    text.counter("process_cpu_seconds_total", process.cpuSeconds());
    text.gauge("process_resident_memory_bytes", process.residentBytes());
    var heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    text.gauge("postern_runner_heap_used_bytes", heap.getUsed());
    text.gauge("postern_runner_heap_max_bytes", heap.getMax());
    return text.toString();
  }

  private static void engine(PrometheusText text, String label, Generator.Counters counters) {
    var engine = "postern_runner_engine_";
    text.counter(engine + "row_cpu_seconds_total", label, counters.rowCpuMicros() / 1e6);
    text.counter(engine + "idle_cpu_seconds_total", label, counters.idleCpuMicros() / 1e6);
    text.counter(engine + "fed_tokens_total", label, counters.fedTokens());
    text.counter(engine + "cached_tokens_total", label, counters.cachedTokens());
    text.counter(engine + "preemptions_total", label, counters.preemptions());
    text.counter(engine + "guessed_tokens_total", label, counters.guessedTokens());
    text.counter(engine + "confirmed_tokens_total", label, counters.confirmedTokens());
  }

  private static void each(
      PrometheusText text,
      List<LoadedModel.Generative> models,
      String name,
      ToDoubleFunction<Generator.Load> number) {
    for (var model : models) {
      text.gauge(
          name,
          PrometheusText.label("model", model.name()),
          number.applyAsDouble(model.generator().load()));
    }
  }

  private static Buffer status(String word) {
    return Json.object(json -> json.writeStringField("status", word));
  }
}
