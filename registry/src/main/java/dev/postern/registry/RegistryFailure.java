package dev.postern.registry;

/** Everything the registry can refuse. */
public sealed interface RegistryFailure {
  /** No deployment of this name is visible to the tenant. */
  record ModelNotFound(String model) implements RegistryFailure {}

  /** A value breaks a rule; {@code param} names the field on the wire. */
  record Invalid(String param, String message) implements RegistryFailure {}

  /** PostgreSQL cannot be reached and the answer is not in memory. */
  record StoreUnavailable() implements RegistryFailure {}
}
