package dev.postern.registry;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a call goes: the deployment the client named, the version it resolves to, and the runners
 * that serve it.
 *
 * @param deployment the name clients call
 * @param adapter digest of what is added to the version; null for the version as it is
 * @param candidates runners that have the version loaded, best first; empty when none is up
 */
public record RoutePlan(
    String deployment, ModelVersion version, @Nullable String adapter, List<Candidate> candidates) {

  /** Without an adapter. */
  public RoutePlan(String deployment, ModelVersion version, List<Candidate> candidates) {
    this(deployment, version, null, candidates);
  }

  /**
   * A runner that serves the version.
   *
   * @param runner the runner's name, stable over restarts: breakers are kept by it
   * @param model the model name to send to that runner
   */
  public record Candidate(String runner, URI baseUri, String model) {}
}
