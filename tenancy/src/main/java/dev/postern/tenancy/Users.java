package dev.postern.tenancy;

import io.vertx.core.Future;
import java.util.UUID;

/** The people of an organisation. An e-mail address belongs to one user of the installation. */
public interface Users {

  /**
   * Adds a user.
   *
   * @return fails with {@link TenancyFailure.Conflict} when the e-mail address is taken
   */
  Future<User> add(Principal actor, String email, String name, User.Role role, String password);

  /** Newest first. */
  Future<Page<User>> list(TenantId tenant, PageRequest page);

  Future<User> get(TenantId tenant, UUID id);
}
