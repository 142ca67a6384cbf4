package dev.postern.tenancy;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of the module.
 *
 * @param statementTimeout how long one statement may take
 * @param spoolFolder where usage is kept while PostgreSQL is away; it belongs to one gateway alone
 *     and outlives it
 * @param defaultLimits the limits of projects that have none of their own
 */
public record TenancyConfig(
    Pepper pepper,
    Duration statementTimeout,
    KeyCache keyCache,
    SignIn signIn,
    Path spoolFolder,
    DefaultLimits defaultLimits) {

  /** The defaults. */
  public static TenancyConfig of(Pepper pepper, Path spoolFolder) {
    return new TenancyConfig(
        pepper,
        Duration.ofSeconds(10),
        KeyCache.DEFAULTS,
        SignIn.DEFAULTS,
        spoolFolder,
        DefaultLimits.STANDARD);
  }

  /**
   * API keys in memory.
   *
   * @param maxKeys how many keys are kept, and how many unknown ones are remembered as such
   * @param unknownFor how long an unknown key is refused without asking again
   * @param outageGrace how long a known key works on while PostgreSQL cannot be reached at all:
   *     long enough for a restart, and the longest that a key revoked by another gateway lives on
   *     here in that case
   */
  public record KeyCache(int maxKeys, Duration unknownFor, Duration outageGrace) {
    public static final KeyCache DEFAULTS =
        new KeyCache(20_000, Duration.ofSeconds(10), Duration.ofSeconds(10));
  }

  /**
   * The console's sessions.
   *
   * @param sessionTtl a session ends when it was not used for this long
   * @param window the time over which attempts are counted
   * @param maxPerAccount attempts for one e-mail from one address within the window
   * @param maxPerAddress attempts from one address
   * @param maxPerEmail attempts for one e-mail from anywhere; well above the others, or a stranger
   *     could lock a user out
   * @param iterations rounds of PBKDF2 for new passwords
   */
  public record SignIn(
      Duration sessionTtl,
      Duration window,
      int maxPerAccount,
      int maxPerAddress,
      int maxPerEmail,
      int iterations) {
    public static final SignIn DEFAULTS =
        new SignIn(Duration.ofHours(12), Duration.ofMinutes(1), 5, 20, 100, 600_000);
  }
}
