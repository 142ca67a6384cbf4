package dev.postern.tenancy;

import io.vertx.core.Future;
import java.util.Optional;

/** What a new installation starts with. */
public interface Bootstrap {

  /**
   * Creates the first organisation, its project {@code Default}, its first owner, a project key and
   * an admin key, all or nothing. Does nothing where there is an organisation already, also when
   * several gateways start at once.
   *
   * @return the secrets, which are told this once; empty when nothing was created
   */
  Future<Optional<Created>> run(String organisation, String adminEmail);

  /**
   * Creates a further organisation with all that the first one started with.
   *
   * @param operator fails with {@link TenancyFailure.OperatorOnly} when its organisation does not
   *     run the installation, and with {@link TenancyFailure.Conflict} for an e-mail address that
   *     is taken
   */
  Future<Created> add(Principal operator, String organisation, String adminEmail);

  /** What was created. */
  record Created(
      Organisation organisation,
      Project project,
      User admin,
      String adminPassword,
      ApiKeys.Issued projectKey,
      ApiKeys.Issued adminKey) {
    /** Leaves the password out. */
    @Override
    public String toString() {
      return "Created[organisation=" + organisation + ", project=" + project + "]";
    }
  }
}
