package dev.postern.gateway.testing;

import dev.postern.registry.Adapter;
import dev.postern.registry.Deployment;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Policies;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.Routes;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Deployments of one tenant and one policy for all its projects. */
public final class FakeRegistry implements Routes, Policies {
  public static final Instant CREATED = Instant.parse("2026-01-02T03:04:05Z");

  private final TenantId owner;
  private final Map<String, RoutePlan> plans = new ConcurrentHashMap<>();
  private volatile GuardrailPolicy policy = new GuardrailPolicy(0, Map.of(), List.of());

  public FakeRegistry(TenantId owner) {
    this.owner = owner;
  }

  public FakeRegistry deploy(String name, ModelVersion.Role role, URI... runners) {
    var version =
        new ModelVersion("sha256:" + name.hashCode(), name + "-v1", role, 2048, 8, CREATED);
    var candidates = new ArrayList<RoutePlan.Candidate>();
    for (var i = 0; i < runners.length; i++) {
      candidates.add(new RoutePlan.Candidate(name + "-runner-" + i, runners[i], name + "@v1"));
    }
    plans.put(name, new RoutePlan(name, version, candidates));
    return this;
  }

  public void policy(GuardrailPolicy changed) {
    policy = changed;
  }

  @Override
  public Future<RoutePlan> resolve(TenantId tenant, String model) {
    var plan = tenant.equals(owner) ? plans.get(model) : null;
    return plan == null
        ? Future.failedFuture(new RegistryException(new RegistryFailure.ModelNotFound(model)))
        : Future.succeededFuture(plan);
  }

  @Override
  public Future<RoutePlan> resolve(TenantId tenant, ProjectId project, String model) {
    return resolve(tenant, model);
  }

  @Override
  public Future<List<Adapter>> adapters(TenantId tenant, ProjectId project) {
    return Future.succeededFuture(List.of());
  }

  @Override
  public Future<List<Deployment>> deployments(TenantId tenant) {
    return Future.succeededFuture(
        plans.values().stream()
            .filter(plan -> tenant.equals(owner))
            .map(plan -> new Deployment(plan.deployment(), plan.version(), "postern", CREATED))
            .toList());
  }

  @Override
  public Future<GuardrailPolicy> effective(TenantId tenant, ProjectId project) {
    return Future.succeededFuture(policy);
  }

  @Override
  public Future<GuardrailPolicy> replace(
      TenantId tenant, ProjectId project, GuardrailPolicy changed) {
    policy = changed;
    return Future.succeededFuture(changed);
  }
}
