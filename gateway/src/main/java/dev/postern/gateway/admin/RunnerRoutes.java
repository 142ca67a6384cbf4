package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.registry.RunnerDirectory;
import dev.postern.runners.RunnerPool;
import dev.postern.tenancy.Organisations;
import dev.postern.tenancy.Page;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/** The operator's view of the runners and of what each can still take. */
public final class RunnerRoutes implements RouteGroup {
  private static final int MOST = 100;

  private final RunnerDirectory directory;
  private final Organisations organisations;
  private final RunnerPool pool;

  public RunnerRoutes(RunnerDirectory directory, Organisations organisations, RunnerPool pool) {
    this.directory = directory;
    this.organisations = organisations;
    this.pool = pool;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/postern/runners")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::list));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    return organisations
        .requireOperator(Api.principal(ctx).tenant())
        .compose(may -> directory.list())
        .compose(runners -> {
          var asked = runners.stream().limit(MOST).map(this::shape).toList();
          return Future.all(asked)
              .map(all -> Shapes.list(page(all.list(), runners.size()), node -> node));
        });
  }

  private static Page<ObjectNode> page(List<ObjectNode> shown, int known) {
    return new Page<>(shown, known > shown.size());
  }

  private Future<ObjectNode> shape(RunnerDirectory.Runner runner) {
    var node =
        Shapes.object("postern.runner")
            .put("id", runner.name())
            .put("name", runner.name())
            .put("url", runner.baseUri().toString())
            .put("heartbeat_at", runner.heartbeatAt().getEpochSecond());
    return pool.capacity(runner.baseUri())
        .map(RunnerRoutes::read)
        .otherwise(NullNode.getInstance())
        .map(capacity -> node.set("capacity", capacity));
  }

  private static JsonNode read(Buffer document) {
    try {
      return Api.JSON.readTree(document.getBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
