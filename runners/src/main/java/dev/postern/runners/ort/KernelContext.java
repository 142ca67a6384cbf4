package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One run of an operator: its inputs and outputs. One object a thread, used again and again. */
final class KernelContext {
  private static final int MAX_RANK = 8;
  private static final long WORD = JAVA_LONG.byteSize();
  private static final ThreadLocal<KernelContext> OF_THREAD =
      ThreadLocal.withInitial(KernelContext::new);

  /** Where native functions put an answer, and behind it the dimensions of a tensor. */
  private final MemorySegment answers = Arena.global().allocate(WORD * (2 + MAX_RANK), WORD);

  private final long answer = answers.address();

  /** Room for one dimension before those of the tensor in hand. */
  private final long dimensions = answer + 2 * WORD;

  private final RowWork work = new RowWork();
  private long context;

  /** Where the dimensions lie that outputs made next are like. */
  private long shape = dimensions;

  private int rank;

  private KernelContext() {}

  static KernelContext of(long context) {
    KernelContext run = OF_THREAD.get();
    run.context = context;
    return run;
  }

  RowWork work() {
    return work;
  }

  /**
   * A tensor in native memory, row by row.
   *
   * @param address of its first element
   * @param count of rows: the product of all dimensions but the last
   * @param width the last dimension
   */
  record Rows(long address, int count, int width) {
    void read(int row, float[] into) {
      read(row, 0, width, into);
    }

    /** Reads {@code count} values of the row from {@code first} on. */
    void read(int row, int first, int count, float[] into) {
      MemorySegment.copy(
          OrtApi.MEMORY, JAVA_FLOAT, address + 4 * ((long) row * width + first), into, 0, count);
    }

    void write(int row, float[] from) {
      MemorySegment.copy(from, 0, OrtApi.MEMORY, JAVA_FLOAT, address + 4L * row * width, width);
    }

    void write(int row, byte[] from) {
      MemorySegment.copy(from, 0, OrtApi.MEMORY, JAVA_BYTE, address + (long) row * width, width);
    }

    /** The numbers of all rows, for a tensor of floats. */
    MemorySegment segment() {
      return segment(0, count);
    }

    MemorySegment segment(int first, int rows) {
      return OrtApi.MEMORY.asSlice(address + 4L * first * width, 4L * rows * width);
    }

    /** Of a tensor of 64-bit integers. */
    long integer(int index) {
      return OrtApi.MEMORY.get(JAVA_LONG, address + 8L * index);
    }

    float number(int row) {
      return OrtApi.MEMORY.get(JAVA_FLOAT, address + 4L * row);
    }

    void number(int row, float value) {
      OrtApi.MEMORY.set(JAVA_FLOAT, address + 4L * row, value);
    }
  }

  /** The input's rows. Outputs made next take its dimensions but the last. */
  Rows input(int index) {
    return rows(OrtApi.input(context, index, answer));
  }

  /** The input's rows, or null where the node has no such input. */
  @Nullable Rows optionalInput(int index) {
    long value = OrtApi.input(context, index, answer);
    return value == 0 ? null : rows(value);
  }

  private Rows rows(long value) {
    shape = dimensions;
    rank = OrtApi.shape(value, shape, MAX_RANK, answer);
    int width = rank == 0 ? 1 : Math.toIntExact(dimension(rank - 1));
    return new Rows(OrtApi.data(value, answer), count(), width);
  }

  private int count() {
    int count = 1;
    for (int i = 0; i < rank - 1; i++) {
      count = Math.multiplyExact(count, Math.toIntExact(dimension(i)));
    }
    return count;
  }

  private long dimension(int index) {
    return OrtApi.MEMORY.get(JAVA_LONG, shape + index * WORD);
  }

  Rows output(int index, int width) {
    Rows output = optionalOutput(index, width);
    if (output == null) {
      throw new IllegalStateException("a node leaves out an output that is not optional");
    }
    return output;
  }

  /** The output, or null where the node leaves it out. */
  @Nullable Rows optionalOutput(int index, int width) {
    OrtApi.MEMORY.set(JAVA_LONG, shape + (rank - 1) * WORD, width);
    long value = OrtApi.output(context, index, shape, rank, answer);
    return value == 0 ? null : new Rows(OrtApi.data(value, answer), count(), width);
  }
}
