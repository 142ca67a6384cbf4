package dev.postern.registry.internal;

import dev.postern.registry.Adapter;
import dev.postern.registry.Deployment;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.RunnerDirectory;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All that routing needs, as it was at one moment. Immutable. */
final class RouteTable {
  private final Map<String, Deployment> forAll;
  private final Map<TenantId, Map<String, Deployment>> byTenant;
  private final Map<Project, Map<String, Adapter>> adapters;
  private final Map<String, List<RoutePlan.Candidate>> candidates;

  private RouteTable(
      Map<String, Deployment> forAll,
      Map<TenantId, Map<String, Deployment>> byTenant,
      Map<Project, Map<String, Adapter>> adapters,
      Map<String, List<RoutePlan.Candidate>> candidates) {
    this.forAll = forAll;
    this.byTenant = byTenant;
    this.adapters = adapters;
    this.candidates = candidates;
  }

  /**
   * @param heardSince runners that were last heard before this are left out
   */
  static RouteTable of(
      List<Owned> deployments,
      List<OwnedAdapter> adapters,
      List<RunnerDirectory.Runner> runners,
      Instant heardSince) {
    var forAll = new HashMap<String, Deployment>();
    var byTenant = new HashMap<TenantId, Map<String, Deployment>>();
    for (var owned : deployments) {
      var tenant = owned.tenant();
      var owner =
          tenant == null ? forAll : byTenant.computeIfAbsent(tenant, key -> new HashMap<>());
      owner.put(owned.deployment().name(), owned.deployment());
    }
    var byProject = new HashMap<Project, Map<String, Adapter>>();
    for (var owned : adapters) {
      var adapter = owned.adapter();
      byProject
          .computeIfAbsent(new Project(owned.tenant(), adapter.project()), key -> new TreeMap<>())
          .put(adapter.model(), adapter);
    }
    var candidates = new HashMap<String, List<RoutePlan.Candidate>>();
    for (var runner : runners) {
      if (runner.heartbeatAt().isBefore(heardSince)) {
        continue;
      }
      for (var served : runner.models()) {
        candidates
            .computeIfAbsent(served.digest(), key -> new ArrayList<>())
            .add(new RoutePlan.Candidate(runner.name(), runner.baseUri(), served.model()));
      }
    }
    return new RouteTable(forAll, byTenant, byProject, candidates);
  }

  /** The project's adapter that is called by this model name; null when it has none. */
  @Nullable Adapter find(TenantId tenant, ProjectId project, String model) {
    return adapters.getOrDefault(new Project(tenant, project), Map.of()).get(model);
  }

  /** The project's adapters whose base the tenant sees, by model name. */
  List<Adapter> adapters(TenantId tenant, ProjectId project) {
    return adapters.getOrDefault(new Project(tenant, project), Map.of()).values().stream()
        .filter(adapter -> find(tenant, adapter.base()) != null)
        .toList();
  }

  /** The deployment that the tenant means by this name; null when it sees none. */
  @Nullable Deployment find(TenantId tenant, String name) {
    var own = byTenant.getOrDefault(tenant, Map.of()).get(name);
    return own != null ? own : forAll.get(name);
  }

  /** What the tenant sees, by name. */
  Collection<Deployment> visible(TenantId tenant) {
    var visible = new TreeMap<>(forAll);
    visible.putAll(byTenant.getOrDefault(tenant, Map.of()));
    return visible.values();
  }

  /**
   * Who serves the version, each first in its turn.
   *
   * @param turn any number that rises from call to call
   */
  List<RoutePlan.Candidate> candidates(String digest, int turn) {
    var all = candidates.getOrDefault(digest, List.of());
    if (all.size() < 2) {
      return List.copyOf(all);
    }
    var first = Math.floorMod(turn, all.size());
    var turned = new ArrayList<RoutePlan.Candidate>(all.size());
    turned.addAll(all.subList(first, all.size()));
    turned.addAll(all.subList(0, first));
    return turned;
  }

  /**
   * A deployment and whose it is.
   *
   * @param tenant null for all tenants
   */
  record Owned(@Nullable TenantId tenant, Deployment deployment) {}

  /** An adapter and the organisation of its project. */
  record OwnedAdapter(TenantId tenant, Adapter adapter) {}

  private record Project(TenantId tenant, ProjectId id) {}
}
