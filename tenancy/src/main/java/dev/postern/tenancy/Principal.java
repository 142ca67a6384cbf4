package dev.postern.tenancy;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who makes a call, as proven by a key or a console session.
 *
 * @param tenant the organisation everything this principal touches belongs to
 * @param project the project of a project key; null for admin keys and sessions, which see the
 *     whole organisation
 * @param id the id of the API key, or of the user for a session
 * @param name a label for logs and the audit log, never a secret
 */
public record Principal(
    Kind kind, TenantId tenant, @Nullable ProjectId project, UUID id, String name) {

  /** How the principal proved itself; decides which routes are open to it. */
  public enum Kind {
    /** {@code sk-proj-…} or {@code sk-svcacct-…}: inference and a project's own objects. */
    PROJECT_KEY,
    /** {@code sk-admin-…}: {@code /v1/organization/*} and administration. */
    ADMIN_KEY,
    /** A signed-in console user. */
    SESSION
  }
}
