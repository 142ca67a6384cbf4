package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.inspect.DetectorCatalog;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.registry.Policies;
import dev.postern.tenancy.Projects;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What a project's prompts and answers are checked for. */
final class GuardrailPolicyRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/projects/:project/guardrail_policy";
  private static final int MAX_PHRASES = 1_000;
  private static final int MAX_PHRASE = 128;
  private static final Map<String, Action> ACTIONS = new LinkedHashMap<>();

  static {
    for (var action : Action.values()) {
      ACTIONS.put(Shapes.word(action), action);
    }
  }

  private final Policies policies;
  private final Projects projects;
  private final DetectorCatalog catalog;
  private final Set<String> names;

  GuardrailPolicyRoutes(Policies policies, Projects projects, DetectorCatalog catalog) {
    this.policies = policies;
    this.projects = projects;
    this.catalog = catalog;
    var known = new LinkedHashSet<String>();
    catalog.entries().forEach(entry -> known.add(entry.name()));
    this.names = known;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::get));
    router.put(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::put));
  }

  private Future<ObjectNode> get(RoutingContext ctx) {
    var tenant = Api.principal(ctx).tenant();
    return projects
        .get(tenant, Scope.project(ctx))
        .compose(project -> policies.effective(tenant, project.id()))
        .map(this::shape);
  }

  private Future<JsonNode> put(RoutingContext ctx) {
    var principal = Api.principal(ctx);
    var project = Scope.project(ctx);
    // What is read may be sent back whole: the version and the catalog say nothing then.
    return Body.read(
        ctx,
        Set.of("object", "version", "detectors", "block_list", "available"),
        body -> {
          var policy = new GuardrailPolicy(0, actions(body), blockList(body));
          return projects
              .get(principal.tenant(), project)
              .compose(own -> policies.replace(principal, own.id(), policy))
              .map(this::shape);
        });
  }

  private Map<String, Action> actions(Body body) {
    var detectors = body.object("detectors").only(names);
    var actions = new LinkedHashMap<String, Action>();
    for (var name : names) {
      if (detectors.has(name)) {
        actions.put(name, detectors.choice(name, ACTIONS));
      }
    }
    return actions;
  }

  private static List<String> blockList(Body body) {
    if (!body.has("block_list")) {
      return List.of();
    }
    var list = body.array("block_list");
    if (list.size() > MAX_PHRASES) {
      throw body.invalid("block_list", "must have at most " + MAX_PHRASES + " entries");
    }
    var phrases = new ArrayList<String>();
    for (int i = 0; i < list.size(); i++) {
      var name = "block_list[" + i + "]";
      var phrase = Body.text(list.get(i), name, MAX_PHRASE).strip();
      if (phrase.isEmpty()) {
        throw body.invalid(name, "must not be empty");
      }
      phrases.add(phrase);
    }
    return phrases;
  }

  private ObjectNode shape(GuardrailPolicy policy) {
    var node = Shapes.object("postern.guardrail_policy").put("version", policy.version());
    var detectors = node.putObject("detectors");
    names.forEach(name -> detectors.put(name, Shapes.word(policy.actionFor(name))));
    var phrases = node.putArray("block_list");
    policy.blockList().forEach(phrases::add);
    var available = node.putArray("available");
    for (var entry : catalog.entries()) {
      available.addObject().put("name", entry.name()).put("description", entry.description());
    }
    return node;
  }
}
