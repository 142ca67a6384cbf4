package dev.postern.runners.server;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * @param token that callers must send; null lets everyone in, and then {@code host} must be of the
 *     loopback
 * @param port 0 takes a free one
 * @param maxBodyBytes longest request body
 * @param maxBufferedBytes most bytes of all bodies being received together
 * @param bodyTime for a body to arrive
 * @param maxUnreadBytes most bytes of a stream that its reader has not taken
 * @param unreadTime how long a full stream waits for its reader
 * @param drainTime for running generations when the process is told to end
 * @param models how requests wait for a model that is being loaded
 */
record RunnerServerConfig(
    String host,
    int port,
    @Nullable String token,
    int maxBodyBytes,
    long maxBufferedBytes,
    Duration bodyTime,
    int maxUnreadBytes,
    Duration unreadTime,
    Duration drainTime,
    LoadedModels.Limits models) {

  private static final int LARGEST_BODY = 32 * 1024 * 1024;

  /** Sizes that fit the heap: a body may be in memory in three forms while it is parsed. */
  public static RunnerServerConfig defaults(@Nullable String token) {
    long heap = Runtime.getRuntime().maxMemory();
    return new RunnerServerConfig(
        "127.0.0.1",
        0,
        token,
        (int) Math.min(LARGEST_BODY, heap / 16),
        heap / 8,
        Duration.ofSeconds(30),
        1024 * 1024,
        Duration.ofSeconds(30),
        Duration.ofSeconds(30),
        new LoadedModels.Limits(256, Duration.ofSeconds(30), Duration.ofSeconds(10)));
  }

  public RunnerServerConfig withAddress(String otherHost, int otherPort) {
    return new RunnerServerConfig(
        otherHost,
        otherPort,
        token,
        maxBodyBytes,
        maxBufferedBytes,
        bodyTime,
        maxUnreadBytes,
        unreadTime,
        drainTime,
        models);
  }

  public RunnerServerConfig withLimits(int bodyBytes, Duration time, int unreadBytes) {
    return new RunnerServerConfig(
        host, port, token, bodyBytes, maxBufferedBytes, time, unreadBytes, time, time, models);
  }

  RunnerServerConfig withModels(LoadedModels.Limits limits) {
    return new RunnerServerConfig(
        host,
        port,
        token,
        maxBodyBytes,
        maxBufferedBytes,
        bodyTime,
        maxUnreadBytes,
        unreadTime,
        drainTime,
        limits);
  }
}
