package dev.postern.runners;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * @param token bearer token sent to every runner of the pool; null sends none
 * @param connections most connections to one runner
 * @param waiting most calls that wait for a connection to one runner; further ones are refused as
 *     overloaded
 * @param connectTimeout until a connection stands
 * @param breakerWindow how many of a runner's last outcomes its breaker looks at
 * @param breakerMinimum fewest outcomes before a breaker may open
 * @param breakerFailurePercent share of failures that opens it
 * @param breakerOpen how long it stays open before the next calls may try again
 * @param maxEventBytes longest event of a stream
 * @param maxBodyBytes longest JSON answer
 */
public record RunnerPoolConfig(
    @Nullable String token,
    int connections,
    int waiting,
    Duration connectTimeout,
    int breakerWindow,
    int breakerMinimum,
    float breakerFailurePercent,
    Duration breakerOpen,
    int maxEventBytes,
    int maxBodyBytes) {

  /** Sizes for one gateway in front of a handful of runners. */
  public static RunnerPoolConfig defaults(@Nullable String token) {
    return new RunnerPoolConfig(
        token,
        256,
        1024,
        Duration.ofSeconds(2),
        20,
        5,
        50,
        Duration.ofSeconds(1),
        1024 * 1024,
        64 * 1024 * 1024);
  }
}
