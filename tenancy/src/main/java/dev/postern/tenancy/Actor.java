package dev.postern.tenancy;

import java.util.UUID;

/**
 * Who made a change, as the audit log names them.
 *
 * @param id of the API key or the user; all zero for the installation itself
 */
public record Actor(Type type, UUID id, String name) {
  /** The installation itself, when nobody is signed in yet. */
  public static final Actor SYSTEM = new Actor(Type.SYSTEM, new UUID(0, 0), "system");

  /** How the actor proved itself. */
  public enum Type {
    SESSION,
    API_KEY,
    SYSTEM
  }

  public static Actor of(Principal principal) {
    var type =
        switch (principal.kind()) {
          case SESSION -> Type.SESSION;
          case PROJECT_KEY, ADMIN_KEY -> Type.API_KEY;
        };
    return new Actor(type, principal.id(), principal.name());
  }
}
