package dev.postern.runners.internal;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Duration;
import java.util.function.Function;

/** Runners over HTTP/1.1 with kept connections. */
public final class HttpRunnerPool implements RunnerPool {
  private static final Duration CAPACITY_LIMIT = Duration.ofSeconds(2);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final RunnerPoolConfig config;
  private final HttpClient client;
  private final Breakers breakers;

  public HttpRunnerPool(Vertx vertx, RunnerPoolConfig config) {
    this.vertx = vertx;
    this.config = config;
    breakers = new Breakers(config);
    client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setConnectTimeout((int) config.connectTimeout().toMillis())
                .setKeepAliveTimeout((int) KEEP_ALIVE.toSeconds())
                .setTcpNoDelay(true),
            new PoolOptions()
                .setHttp1MaxSize(config.connections())
                .setMaxWaitQueueSize(config.waiting()));
  }

  @Override
  public Future<Buffer> call(Call call, Future<?> abandoned) {
    return permitted(
        call,
        call.total(),
        exchange -> {
          abandoned.onComplete(_ -> exchange.context.runOnContext(_ -> exchange.abandon()));
          return exchange
              .head()
              .compose(response ->
                  Bodies.collect(response, config.maxBodyBytes())
                      .onSuccess(_ -> exchange.succeeded())
                      .onFailure(exchange::broken)
                      .recover(_ -> Future.failedFuture(exchange.failure())))
              .onComplete(_ -> exchange.done());
        });
  }

  @Override
  public Future<TokenStream> stream(Call call) {
    return permitted(
        call,
        call.firstByte(),
        exchange ->
            exchange
                .head()
                .map(response -> {
                  exchange.succeeded();
                  return new EventStream(
                      exchange, response, breakers.of(call.runner()), config.maxEventBytes());
                }));
  }

  @Override
  public Future<Buffer> capacity(URI baseUri) {
    var options =
        new RequestOptions()
            .setAbsoluteURI(baseUri.resolve("/control/capacity").toString())
            .setMethod(HttpMethod.GET)
            .setTimeout(CAPACITY_LIMIT.toMillis());
    if (config.token() != null) {
      options.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + config.token());
    }
    return client
        .request(options)
        .compose(request ->
            request
                .send()
                .compose(response ->
                    response.statusCode() == 200
                        ? response.body()
                        : Future.failedFuture("it answered " + response.statusCode())));
  }

  private <T> Future<T> permitted(
      Call call, Duration firstByte, Function<Exchange, Future<T>> action) {
    var breaker = breakers.of(call.runner());
    if (!breaker.tryAcquirePermission()) {
      return Future.failedFuture(
          new RunnerException(new RunnerFailure.Unavailable(call.runner(), config.breakerOpen())));
    }
    return action.apply(Exchange.begin(vertx, client, config, breaker, call, firstByte));
  }
}
