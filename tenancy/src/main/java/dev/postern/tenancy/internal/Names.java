package dev.postern.tenancy.internal;

import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;

/** What people may call things. */
final class Names {
  private static final int MAX_LENGTH = 200;

  private Names() {}

  /** The name without blanks around it; fails where nothing is left, or what no line can show. */
  static String require(String param, String text) {
    var name = text.strip();
    if (name.isEmpty() || name.length() > MAX_LENGTH) {
      throw invalid(param, param + " must have 1 to " + MAX_LENGTH + " characters");
    }
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw invalid(param, param + " must not have control characters");
    }
    return name;
  }

  static TenancyException invalid(String param, String message) {
    return new TenancyException(new TenancyFailure.Invalid(param, message));
  }
}
