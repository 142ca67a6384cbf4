package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.PROJECT_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.http.UploadedForm;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.registry.Adapter;
import dev.postern.registry.Adapters;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.Routes;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.wire.BadRequest;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** The LoRA adapters of projects: what each adds to a model, under a name of its own. */
public final class AdapterRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/adapters";
  private static final String CONFIG = "config";
  private static final String WEIGHTS = "weights";

  /** Rank 64 on every matrix of a model of eight billion parameters, in 16 bits, has 340 MB. */
  private static final UploadedForm.Shape FORM =
      new UploadedForm.Shape(
          Set.of("model", "name", "project_id"),
          Set.of(CONFIG, WEIGHTS),
          512L << 20,
          Duration.ofMinutes(10));

  /** At a time in this gateway; the disk has to hold them. */
  private static final int MAX_UPLOADS = 4;

  private static final Duration SOON = Duration.ofSeconds(1);

  private final Adapters adapters;
  private final Projects projects;
  private final Routes routes;
  private final AdapterFiles files;
  private final AdapterSupply supply;
  private final InstantSource clock;
  private final Ids ids;
  private final AtomicInteger uploads = new AtomicInteger();

  public AdapterRoutes(
      Adapters adapters,
      Projects projects,
      Routes routes,
      AdapterFiles files,
      AdapterSupply supply,
      InstantSource clock,
      Ids ids) {
    this.adapters = adapters;
    this.projects = projects;
    this.routes = routes;
    this.files = files;
    this.supply = supply;
    this.clock = clock;
    this.ids = ids;
  }

  @Override
  public void register(Router router) {
    var callers = Api.allow(SESSION, ADMIN_KEY, PROJECT_KEY);
    router.get(PATH).handler(callers).handler(Answers.json(this::list));
    router.post(PATH).handler(callers).handler(Answers.json(this::add));
    router.get(PATH + "/:adapter").handler(callers).handler(Answers.json(this::get));
    router.delete(PATH + "/:adapter").handler(callers).handler(Answers.json(this::remove));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var page = new Query(ctx).page(WireId.ADAPTER);
    return Scope.narrowed(ctx, projects)
        .compose(project -> adapters.list(Api.principal(ctx).tenant(), project.orElse(null), page))
        .map(found -> Shapes.list(found, AdapterRoutes::shape));
  }

  private Future<ObjectNode> get(RoutingContext ctx) {
    var principal = Api.principal(ctx);
    return adapters
        .get(principal.tenant(), principal.project(), Scope.pathId(ctx, "adapter", WireId.ADAPTER))
        .map(AdapterRoutes::shape);
  }

  private Future<ObjectNode> add(RoutingContext ctx) {
    if (uploads.incrementAndGet() > MAX_UPLOADS) {
      uploads.decrementAndGet();
      return Future.failedFuture(new WireException(new WireFailure.TooBusy()));
    }
    var vertx = ctx.vertx();
    return vertx
        .executeBlocking(files::incoming, false)
        .compose(folder ->
            Api.form(ctx, folder, FORM)
                .compose(form -> take(vertx, Api.principal(ctx), form, folder))
                .onComplete(done -> vertx.fileSystem().deleteRecursive(folder.toString())))
        .onComplete(done -> uploads.decrementAndGet())
        .map(AdapterRoutes::shape);
  }

  private Future<Adapter> take(Vertx vertx, Principal principal, UploadedForm form, Path folder) {
    var base = form.required("model");
    var name = form.required("name");
    var config = form.file(CONFIG);
    var weights = form.file(WEIGHTS);
    return project(principal, form)
        .compose(project ->
            routes
                .resolve(principal.tenant(), base)
                .compose(plan ->
                    adapters
                        .requireFree(principal.tenant(), project, base, name)
                        .compose(free ->
                            vertx.executeBlocking(
                                () -> AdapterFiles.pack(config, weights, folder.resolve("zip")),
                                false))
                        .compose(zip ->
                            supply
                                .offer(runner(plan), name, zip)
                                .compose(facts ->
                                    keep(
                                        vertx,
                                        principal,
                                        adapter(project, base, name, facts),
                                        zip)))));
  }

  /** A project key's own; any other caller names one of its organisation. */
  private Future<ProjectId> project(Principal principal, UploadedForm form) {
    var own = principal.project();
    var text = form.field("project_id");
    if (text == null) {
      return own == null
          ? Future.failedFuture(
              new BadRequest(
                  "Missing required parameter: 'project_id'.",
                  "project_id",
                  "missing_required_parameter"))
          : Future.succeededFuture(own);
    }
    var named = new ProjectId(WireId.PROJECT.require(text));
    return projects
        .get(principal.tenant(), named)
        .map(project -> {
          if (!project.active() || own != null && !own.equals(named)) {
            throw new TenancyException(WireId.PROJECT.notFound(named.value()));
          }
          return named;
        });
  }

  private static RoutePlan.Candidate runner(RoutePlan plan) {
    if (plan.version().role() != ModelVersion.Role.CHAT) {
      throw new WireException(new WireFailure.WrongModelRole(plan.deployment(), "text generation"));
    }
    return plan.candidates().stream()
        .findFirst()
        .orElseThrow(
            () -> new RunnerException(new RunnerFailure.Unavailable(plan.deployment(), SOON)));
  }

  private Adapter adapter(ProjectId project, String base, String name, Adapter.Facts facts) {
    var now = clock.instant().truncatedTo(ChronoUnit.MICROS);
    return new Adapter(ids.next(), project, base, name, facts, now);
  }

  private Future<Adapter> keep(Vertx vertx, Principal principal, Adapter adapter, Path zip) {
    var digest = adapter.facts().digest();
    return vertx
        .executeBlocking(
            () -> {
              files.keep(zip, digest, adapter.id());
              return digest;
            },
            false)
        .compose(kept -> adapters.add(principal, adapter))
        .onFailure(cause -> vertx.executeBlocking(() -> files.remove(digest, adapter.id()), false));
  }

  private Future<ObjectNode> remove(RoutingContext ctx) {
    var principal = Api.principal(ctx);
    var id = Scope.pathId(ctx, "adapter", WireId.ADAPTER);
    return adapters
        .remove(principal, principal.project(), id)
        .onSuccess(removed -> forget(ctx.vertx(), principal, removed))
        .map(removed -> Shapes.deleted("postern.adapter.deleted", WireId.ADAPTER.format(id)));
  }

  /** Nobody can call it any more; what is left of it need not keep the caller waiting. */
  private void forget(Vertx vertx, Principal principal, Adapter removed) {
    var digest = removed.facts().digest();
    vertx
        .executeBlocking(() -> files.remove(digest, removed.id()), false)
        .onSuccess(last -> {
          if (last) {
            routes
                .resolve(principal.tenant(), removed.base())
                .onSuccess(plan -> supply.withdraw(plan.candidates(), digest));
          }
        });
  }

  private static ObjectNode shape(Adapter adapter) {
    var facts = adapter.facts();
    var node =
        Shapes.object("postern.adapter")
            .put("id", WireId.ADAPTER.format(adapter.id()))
            .put("model", adapter.model())
            .put("base", adapter.base())
            .put("name", adapter.name())
            .put("project_id", Objects.requireNonNull(Shapes.id(adapter.project())))
            .put("digest", facts.digest())
            .put("rank", facts.rank());
    var targets = node.putArray("targets");
    facts.targets().forEach(targets::add);
    return node.put("parameters", facts.parameters())
        .put("bytes", facts.bytes())
        .put("created_at", adapter.createdAt().getEpochSecond());
  }
}
