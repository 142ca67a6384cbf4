package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the operators of ours known to a session. ONNX Runtime is given a table of functions for
 * each, {@code OrtCustomOp} in its C header; the functions are Java methods. They are made once and
 * live as long as the process.
 */
public final class CustomOps {
  /** The domain of the operators in a graph. */
  public static final String DOMAIN = "dev.postern";

  private static final Logger LOG = LoggerFactory.getLogger(CustomOps.class);

  /** The newest layout of the table of which nothing optional has to be filled in. */
  private static final int LAYOUT = 16;

  /** The first layout by which an operator can work in place. */
  private static final int IN_PLACE_LAYOUT = 18;

  private static final int SLOTS = 26;
  private static final int OPTIONAL = 1;
  private static final Arena FOREVER = Arena.global();

  /** The number of an input, and of the output that may take its place. */
  private static final long FIRST = FOREVER.allocate(JAVA_INT).address();

  private static final MemorySegment FAILED =
      FOREVER.allocateFrom("an operator of Postern failed; its log says why");

  private static final class Domain {
    static final long HANDLE = create();
  }

  private CustomOps() {}

  /** To be called before the session is made. */
  public static void register(OrtSession.SessionOptions options) {
    OrtApi.addDomain(options, Domain.HANDLE);
  }

  private static long create() {
    MemorySegment into = FOREVER.allocate(ADDRESS);
    OrtApi.createDomain(FOREVER.allocateFrom(DOMAIN).address(), into.address());
    long domain = into.get(JAVA_LONG, 0);
    for (CustomOp op : RowOps.ALL) {
      OrtApi.addOp(domain, new Functions(op).table().address());
    }
    OrtApi.addOp(domain, new Functions(AdapterOp.OP).table().address());
    return domain;
  }

  /** The functions of one operator. Those called in a run are bound to it, the others ask it. */
  private record Functions(CustomOp op, MemorySegment name) {
    Functions(CustomOp op) {
      this(op, FOREVER.allocateFrom(op.name()));
    }

    MemorySegment table() {
      MemorySegment table = FOREVER.allocate(ADDRESS, SLOTS);
      table.set(JAVA_INT, 0, LAYOUT);
      set(table, 2, "name", JAVA_LONG, JAVA_LONG);
      set(table, 3, "provider", JAVA_LONG, JAVA_LONG);
      set(table, 4, "inputType", JAVA_INT, JAVA_LONG, JAVA_LONG);
      set(table, 5, "inputs", JAVA_LONG, JAVA_LONG);
      set(table, 6, "outputType", JAVA_INT, JAVA_LONG, JAVA_LONG);
      set(table, 7, "outputs", JAVA_LONG, JAVA_LONG);
      set(table, 9, "destroy", null, JAVA_LONG);
      set(table, 10, "inputKind", JAVA_INT, JAVA_LONG, JAVA_LONG);
      set(table, 11, "outputKind", JAVA_INT, JAVA_LONG, JAVA_LONG);
      set(table, 12, "inputMemory", JAVA_INT, JAVA_LONG, JAVA_LONG);
      for (int variadic = 13; variadic <= 16; variadic++) {
        set(table, variadic, "none", JAVA_INT, JAVA_LONG);
      }
      set(table, 17, "create", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
      set(table, 18, "compute", JAVA_LONG, JAVA_LONG, JAVA_LONG);
      if (op.inPlace()) {
        table.set(JAVA_INT, 0, IN_PLACE_LAYOUT);
        set(table, 20, "firstVersion", JAVA_INT, JAVA_LONG);
        set(table, 21, "lastVersion", JAVA_INT, JAVA_LONG);
        set(table, 22, "places", JAVA_LONG, JAVA_LONG, JAVA_LONG);
        set(table, 23, "release", null, JAVA_LONG, JAVA_LONG);
        set(table, 24, "aliases", JAVA_LONG, JAVA_LONG, JAVA_LONG);
        set(table, 25, "release", null, JAVA_LONG, JAVA_LONG);
      }
      return table;
    }

    @SuppressWarnings("restricted")
    private void set(
        MemorySegment table,
        int slot,
        String method,
        @Nullable MemoryLayout result,
        MemoryLayout... arguments) {
      FunctionDescriptor descriptor =
          result == null
              ? FunctionDescriptor.ofVoid(arguments)
              : FunctionDescriptor.of(result, arguments);
      MethodType type = descriptor.toMethodType();
      try {
        MethodHandle handle =
            MethodHandles.lookup().findVirtual(Functions.class, method, type).bindTo(this);
        MemorySegment stub = Linker.nativeLinker().upcallStub(handle, descriptor, FOREVER);
        table.set(ADDRESS, slot * ADDRESS.byteSize(), stub);
      } catch (ReflectiveOperationException failure) {
        throw new IllegalStateException(failure);
      }
    }

    private long name(long self) {
      return name.address();
    }

    /** The processor. */
    private long provider(long self) {
      return 0;
    }

    private long inputs(long self) {
      return op.inputs().size();
    }

    private long outputs(long self) {
      return op.outputs().size();
    }

    private int inputType(long self, long index) {
      return op.inputs().get((int) index).number();
    }

    private int outputType(long self, long index) {
      return op.outputs().get((int) index).number();
    }

    private int inputKind(long self, long index) {
      return index < op.needed() ? 0 : OPTIONAL;
    }

    private int outputKind(long self, long index) {
      return index < op.made() ? 0 : OPTIONAL;
    }

    private int inputMemory(long self, long index) {
      return 0;
    }

    private int none(long self) {
      return 0;
    }

    private int firstVersion(long self) {
      return 1;
    }

    private int lastVersion(long self) {
      return Integer.MAX_VALUE;
    }

    /** Tells how many pairs there are of an input and the output that may take its place. */
    private long places(long inputs, long outputs) {
      OrtApi.MEMORY.set(JAVA_LONG, inputs, FIRST);
      OrtApi.MEMORY.set(JAVA_LONG, outputs, FIRST);
      return 1;
    }

    private long aliases(long inputs, long outputs) {
      return 0;
    }

    private void release(long inputs, long outputs) {}

    /** A node has no state, but must not be null. */
    private long create(long self, long api, long info, long node) {
      OrtApi.MEMORY.set(JAVA_LONG, node, self);
      return 0;
    }

    private void destroy(long node) {}

    /** An exception that left a function called from native code would end the process. */
    private long compute(long node, long context) {
      try {
        op.kernel().compute(KernelContext.of(context));
        return 0;
      } catch (Throwable failure) {
        LOG.error("{} failed", op.name(), failure);
        return OrtApi.failure(FAILED.address());
      }
    }
  }
}
