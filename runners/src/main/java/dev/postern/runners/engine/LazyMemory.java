package dev.postern.runners.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * A large stretch of zeroed memory that only takes real memory where it has been written, and gives
 * it back when told. Java's own arenas write zeros over all they hand out. On systems other than
 * Linux it is an ordinary arena and nothing is given back early.
 */
final class LazyMemory implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final int NO_HUGE_PAGES = 15;
  private static final int DROP_PAGES = 4;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment segment;
  private final boolean mapped;

  LazyMemory(long bytes) {
    this.mapped = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux");
    this.segment = mapped ? map(bytes) : arena.allocate(bytes, PAGE);
  }

  @SuppressWarnings("restricted")
  private MemorySegment map(long bytes) {
    MemorySegment address = Native.map(bytes);
    if (address.address() == -1) {
      throw new OutOfMemoryError("cannot reserve " + bytes + " bytes of address space");
    }
    MemorySegment whole =
        address.reinterpret(bytes, arena, mapping -> Native.unmap(mapping, bytes));
    // A huge page under each head of each layer would make every row as large as a full context.
    Native.advise(whole, NO_HUGE_PAGES);
    return whole;
  }

  MemorySegment segment() {
    return segment;
  }

  /** Makes the pages that lie wholly inside the stretch zero again and gives them back. */
  void release(long offset, long length) {
    if (!mapped) {
      return;
    }
    long from = (offset + PAGE - 1) & -PAGE;
    long to = (offset + length) & -PAGE;
    if (to > from) {
      Native.advise(segment.asSlice(from, to - from), DROP_PAGES);
    }
  }

  @Override
  public void close() {
    arena.close();
  }

  /** The three calls into the C library. */
  private static final class Native {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle MMAP =
        function(
            "mmap",
            FunctionDescriptor.of(
                ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
        function("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle MADVISE =
        function("madvise", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

    @SuppressWarnings("restricted")
    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
      return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    private static MemorySegment map(long bytes) {
      try {
        return (MemorySegment)
            MMAP.invokeExact(
                MemorySegment.NULL, bytes, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
      } catch (Throwable failure) {
        throw new IllegalStateException(failure);
      }
    }

    private static void unmap(MemorySegment mapping, long bytes) {
      try {
        int _ = (int) MUNMAP.invokeExact(mapping, bytes);
      } catch (Throwable failure) {
        throw new IllegalStateException(failure);
      }
    }

    /** Advice may be refused; the memory then stays as it is. */
    private static void advise(MemorySegment stretch, int advice) {
      try {
        int _ = (int) MADVISE.invokeExact(stretch, stretch.byteSize(), advice);
      } catch (Throwable failure) {
        throw new IllegalStateException(failure);
      }
    }
  }
}
