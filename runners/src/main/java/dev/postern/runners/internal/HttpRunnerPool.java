package dev.postern.runners.internal;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    return client
        .request(
            beside(HttpMethod.GET, baseUri, "/control/capacity")
                .setTimeout(CAPACITY_LIMIT.toMillis()))
        .compose(request ->
            request
                .send()
                .compose(response ->
                    response.statusCode() == 200
                        ? response.body()
                        : Future.failedFuture("it answered " + response.statusCode())));
  }

  @Override
  public Future<Buffer> deliver(Delivery delivery) {
    var fileSystem = vertx.fileSystem();
    var file = delivery.file().toString();
    var sent =
        fileSystem
            .props(file)
            .compose(facts ->
                fileSystem
                    .open(file, new OpenOptions().setWrite(false).setCreate(false))
                    .compose(content ->
                        client
                            .request(
                                beside(HttpMethod.POST, delivery.baseUri(), delivery.path())
                                    .putHeader(HttpHeaders.CONTENT_TYPE, "application/zip")
                                    .putHeader(
                                        HttpHeaders.CONTENT_LENGTH, Long.toString(facts.size())))
                            .compose(request -> request.send(content))
                            .compose(response -> received(delivery.runner(), response))
                            .onComplete(_ -> content.close())));
    return sent.timeout(delivery.limit().toMillis(), TimeUnit.MILLISECONDS)
        .recover(cause ->
            Future.failedFuture(
                switch (cause) {
                  case RunnerException known -> known;
                  case TimeoutException _ ->
                      new RunnerException(
                          new RunnerFailure.TimedOut(delivery.runner(), delivery.limit()));
                  default ->
                      new RunnerException(
                          new RunnerFailure.Unavailable(delivery.runner(), Exchange.SOON));
                }));
  }

  private Future<Buffer> received(String runner, HttpClientResponse response) {
    int status = response.statusCode();
    return Bodies.collect(response, config.maxBodyBytes())
        .compose(body ->
            status == 200
                ? Future.succeededFuture(body)
                : Future.failedFuture(
                    new RunnerException(
                        Exchange.CALLERS_FAULT.contains(status)
                            ? new RunnerFailure.Refused(runner, status, body.toString())
                            : new RunnerFailure.Unavailable(runner, Exchange.SOON))));
  }

  @Override
  public Future<Void> tell(URI baseUri, String path, Buffer document) {
    return client
        .request(beside(HttpMethod.POST, baseUri, path).setTimeout(CAPACITY_LIMIT.toMillis()))
        .compose(request ->
            request
                .send(document)
                .compose(response ->
                    response.statusCode() == 200
                        ? response.body()
                        : Future.failedFuture("it answered " + response.statusCode())))
        .mapEmpty();
  }

  /** A request that no breaker hears of. */
  private RequestOptions beside(HttpMethod method, URI baseUri, String path) {
    var options =
        new RequestOptions().setAbsoluteURI(baseUri.resolve(path).toString()).setMethod(method);
    if (config.token() != null) {
      options.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + config.token());
    }
    return options;
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
