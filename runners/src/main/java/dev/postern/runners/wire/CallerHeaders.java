package dev.postern.runners.wire;

import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * On whose behalf a request is made, as a gateway tells a runner. A runner believes it only with
 * its token, because whoever can name a tenant shares that tenant's computed prefixes.
 *
 * @param tenant opaque, of letters, digits and {@code _ . -}, at most 128; empty for nobody's
 * @param weight share of the engine against other waiting tenants, 1 to 1000
 * @param priority higher goes first, whatever the weights, -100 to 100
 */
public record CallerHeaders(String tenant, int weight, int priority) {
  public static final String TENANT = "x-postern-tenant";
  public static final String WEIGHT = "x-postern-weight";
  public static final String PRIORITY = "x-postern-priority";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{0,128}");
  private static final int MOST_WEIGHT = 1000;
  private static final int MOST_PRIORITY = 100;

  /** A caller without a name, who shares with all others that have none. */
  public static final CallerHeaders NOBODY = new CallerHeaders("", 1, 0);

  public CallerHeaders {
    if (!NAME.matcher(tenant).matches()
        || weight < 1
        || weight > MOST_WEIGHT
        || Math.abs(priority) > MOST_PRIORITY) {
      throw new IllegalArgumentException("a caller's tenant, weight or priority is out of range");
    }
  }

  /** A tenant whose requests count as any other's. */
  public static CallerHeaders of(String tenant) {
    return new CallerHeaders(tenant, 1, 0);
  }

  /**
   * @param header gives a header's value, or null
   * @throws BadRequest naming the header that is not sound
   */
  public static CallerHeaders read(UnaryOperator<@Nullable String> header) {
    var tenant = header.apply(TENANT);
    if (tenant != null && !NAME.matcher(tenant).matches()) {
      throw wrong(TENANT, "at most 128 letters, digits, dots, dashes and underscores");
    }
    return new CallerHeaders(
        tenant == null ? "" : tenant,
        number(header, WEIGHT, 1, 1, MOST_WEIGHT),
        number(header, PRIORITY, 0, -MOST_PRIORITY, MOST_PRIORITY));
  }

  /**
   * @param put takes each header that differs from what a runner assumes
   */
  public void write(BiConsumer<String, String> put) {
    if (!tenant.isEmpty()) {
      put.accept(TENANT, tenant);
    }
    if (weight != 1) {
      put.accept(WEIGHT, Integer.toString(weight));
    }
    if (priority != 0) {
      put.accept(PRIORITY, Integer.toString(priority));
    }
  }

  private static int number(
      UnaryOperator<@Nullable String> header, String name, int unset, int least, int most) {
    var value = header.apply(name);
    if (value == null) {
      return unset;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(name, "a whole number");
    }
    throw wrong(name, "from %d to %d".formatted(least, most));
  }

  private static BadRequest wrong(String header, String expected) {
    return new BadRequest(
        "The header %s must be %s.".formatted(header, expected), null, "invalid_value");
  }
}
