package dev.postern.runners.engine;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How an engine runs.
 *
 * @param provider what does the arithmetic
 * @param device number of the CUDA device, where one is used
 * @param threads that one step uses
 * @param maxContext most tokens of a row; a model's shorter context stands
 * @param maxRows most rows in the running batch
 * @param maxWaiting most requests queued behind it
 * @param cacheBytes most memory for keys and values of all rows together
 * @param prefillChunk most prompt tokens in one call, at least 3; fewer while other rows decode
 * @param guessing which rows guess several tokens ahead while they run alone
 */
public record EngineConfig(
    Provider provider,
    int device,
    int threads,
    int maxContext,
    int maxRows,
    int maxWaiting,
    long cacheBytes,
    int prefillChunk,
    Guessing guessing) {

  private static final Pattern CUDA_NAME = Pattern.compile("cuda:([0-9]{1,3})");

  /** Where the arithmetic is done. */
  public enum Provider {
    /** CUDA where it loads and agrees with the processor, the processor otherwise. */
    AUTO,
    CPU,
    /** CUDA, or no start. */
    CUDA
  }

  /**
   * Which rows may settle several tokens in one call. A call for several differs from calls for one
   * in the last bits (see {@link Decoder}), which can decide between two tokens of nearly equal
   * probability.
   */
  public enum Guessing {
    NEVER,
    /** Rows that draw by chance without a seed, of which no two runs are alike anyhow. */
    UNSEEN,
    ALWAYS
  }

  public EngineConfig {
    if (device < 0
        || threads < 1
        || maxContext < 2
        || maxRows < 1
        || maxWaiting < 0
        || prefillChunk < 3) {
      throw new IllegalArgumentException("engine configuration has a number out of range");
    }
  }

  /** All cores, a batch of 16, and a quarter of the memory for the cache. */
  public static EngineConfig defaults() {
    return new EngineConfig(
        Provider.AUTO,
        0,
        Runtime.getRuntime().availableProcessors(),
        Integer.MAX_VALUE,
        16,
        256,
        machineBytes() / 4,
        128,
        Guessing.UNSEEN);
  }

  /** Memory of the machine, or of the container that this process may use. */
  public static long machineBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  public EngineConfig withProvider(Provider chosen) {
    return new EngineConfig(
        chosen,
        device,
        threads,
        maxContext,
        maxRows,
        maxWaiting,
        cacheBytes,
        prefillChunk,
        guessing);
  }

  /**
   * @param name {@code auto}, {@code cpu}, or {@code cuda:} and a number
   * @throws IllegalArgumentException when it is another; the message says what it can be
   */
  public EngineConfig onDevice(String name) {
    if (name.equals("auto")) {
      return withProvider(Provider.AUTO);
    }
    if (name.equals("cpu")) {
      return withProvider(Provider.CPU);
    }
    Matcher cuda = CUDA_NAME.matcher(name);
    if (cuda.matches()) {
      return withProvider(Provider.CUDA).withDevice(Integer.parseInt(cuda.group(1)));
    }
    throw new IllegalArgumentException("a device is cpu, auto, or such as cuda:0, not " + name);
  }

  public EngineConfig withDevice(int number) {
    return new EngineConfig(
        provider,
        number,
        threads,
        maxContext,
        maxRows,
        maxWaiting,
        cacheBytes,
        prefillChunk,
        guessing);
  }

  public EngineConfig withThreads(int count) {
    return new EngineConfig(
        provider,
        device,
        count,
        maxContext,
        maxRows,
        maxWaiting,
        cacheBytes,
        prefillChunk,
        guessing);
  }

  public EngineConfig withMaxContext(int tokens) {
    return new EngineConfig(
        provider, device, threads, tokens, maxRows, maxWaiting, cacheBytes, prefillChunk, guessing);
  }

  public EngineConfig withMaxRows(int rows) {
    return new EngineConfig(
        provider,
        device,
        threads,
        maxContext,
        rows,
        maxWaiting,
        cacheBytes,
        prefillChunk,
        guessing);
  }

  public EngineConfig withMaxWaiting(int requests) {
    return new EngineConfig(
        provider,
        device,
        threads,
        maxContext,
        maxRows,
        requests,
        cacheBytes,
        prefillChunk,
        guessing);
  }

  public EngineConfig withCacheBytes(long bytes) {
    return new EngineConfig(
        provider, device, threads, maxContext, maxRows, maxWaiting, bytes, prefillChunk, guessing);
  }

  public EngineConfig withPrefillChunk(int tokens) {
    return new EngineConfig(
        provider, device, threads, maxContext, maxRows, maxWaiting, cacheBytes, tokens, guessing);
  }

  public EngineConfig withGuessing(Guessing rows) {
    return new EngineConfig(
        provider, device, threads, maxContext, maxRows, maxWaiting, cacheBytes, prefillChunk, rows);
  }
}
