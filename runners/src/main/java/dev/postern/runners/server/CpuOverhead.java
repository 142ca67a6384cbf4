package dev.postern.runners.server;

import java.util.function.LongSupplier;

/**
 * What the process spends around the work of models while there are requests: sockets, JSON,
 * tokenizing, compiling, collecting garbage. Requests share it by the processor time of their own
 * rows, so that what they are told adds up to what the process took. What it spends while nobody
 * asks for anything is nobody's. Times are microseconds of processor time. Belongs to the server's
 * event loop.
 */
final class CpuOverhead {
  private final LongSupplier process;
  private final LongSupplier rows;
  private int working;
  private long processMark;
  private long rowsMark;

  /** Spent around and given to nobody yet; negative while too much was given. */
  private long pending;

  /** Of rows whose requests have not ended. */
  private long running;

  /**
   * @param process all that the process has taken
   * @param rows all that generating rows were charged; falls when a model goes
   */
  CpuOverhead(LongSupplier process, LongSupplier rows) {
    this.process = process;
    this.rows = rows;
  }

  /** A request for work has come. */
  void begin() {
    if (working++ == 0) {
      processMark = process.getAsLong();
      rowsMark = rows.getAsLong();
    }
  }

  /** It was answered, or its caller has gone. */
  void end() {
    lap();
    working--;
  }

  /** What a request of generating rows took in all, given what its rows were charged. */
  long withRows(long micros) {
    lap();
    running = Math.max(0, running - micros);
    return micros + part(micros);
  }

  /** What a request took in all whose own work is not among the rows. */
  long without(long micros) {
    lap();
    pending -= micros;
    return micros + part(micros);
  }

  private long part(long micros) {
    if (micros <= 0 || pending <= 0) {
      return 0;
    }
    long part = Math.round(pending * ((double) micros / (micros + running)));
    pending -= part;
    return part;
  }

  private void lap() {
    if (working == 0) {
      return;
    }
    long processNow = process.getAsLong();
    long rowsNow = rows.getAsLong();
    long charged = Math.max(0, rowsNow - rowsMark);
    pending += processNow - processMark - charged;
    running += charged;
    processMark = processNow;
    rowsMark = rowsNow;
  }
}
