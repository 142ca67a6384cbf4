package dev.postern.ops;

import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.micrometer.Label;
import io.vertx.micrometer.MicrometerMetricsFactory;
import io.vertx.micrometer.MicrometerMetricsOptions;
import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Vert.x as a gateway on one machine wants it: few threads, native transport, measured. */
record GatewayVertx(Vertx vertx, PrometheusMeterRegistry metrics, JvmGcMetrics collections)
    implements AutoCloseable {

  static GatewayVertx create(Home home) {
    var metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(metrics);
    new JvmThreadMetrics().bindTo(metrics);
    new ProcessorMetrics().bindTo(metrics);
    new UptimeMetrics().bindTo(metrics);
    var collections = new JvmGcMetrics();
    collections.bindTo(metrics);
    var options =
        new VertxOptions()
            .setPreferNativeTransport(true)
            .setEventLoopPoolSize(2)
            .setWorkerPoolSize(4)
            .setInternalBlockingPoolSize(4)
            // Below the home, so that a killed process leaves nothing in /tmp.
            .setFileSystemOptions(
                new FileSystemOptions().setFileCacheDir(home.folder().resolve("cache").toString()))
            .setMetricsOptions(
                new MicrometerMetricsOptions()
                    .setEnabled(true)
                    .setLabels(EnumSet.of(Label.HTTP_METHOD, Label.HTTP_CODE)));
    var vertx =
        Vertx.builder().with(options).withMetrics(new MicrometerMetricsFactory(metrics)).build();
    return new GatewayVertx(vertx, metrics, collections);
  }

  @Override
  public void close() throws TimeoutException {
    vertx.close().await(10, TimeUnit.SECONDS);
    collections.close();
    metrics.close();
  }
}
