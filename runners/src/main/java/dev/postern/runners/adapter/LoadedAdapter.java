package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.adapter.LowRank.Precision;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.Safetensors;
import dev.postern.runners.importer.StoredTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * An adapter in memory. Graphs name it by its handle, a number that is its own as long as it is
 * open; 0 stands for none.
 */
public final class LoadedAdapter implements AutoCloseable {
  /** Most adapters open in a process. */
  private static final int MAX_OPEN = 4096;

  private static final AtomicReferenceArray<@Nullable LoadedAdapter> OPEN =
      new AtomicReferenceArray<>(MAX_OPEN);

  private final Arena arena = Arena.ofShared();
  private final List<List<LowRank>> sites;
  private final Precision precision;
  private long bytes;
  private final int handle;

  /**
   * @param file as {@link AdapterStore} keeps it
   * @param channels how the model's own channels were scaled when it was imported
   */
  static LoadedAdapter open(
      Path file, DecoderConfig model, ChannelScales channels, Precision precision)
      throws IOException {
    try (Safetensors tensors = Safetensors.open(List.of(file))) {
      return new LoadedAdapter(tensors.tensors(), model, channels, precision);
    }
  }

  private LoadedAdapter(
      Map<String, StoredTensor> tensors,
      DecoderConfig model,
      ChannelScales channels,
      Precision precision) {
    this.precision = precision;
    this.sites = new ArrayList<>();
    boolean opened = false;
    try {
      for (int layer = 0; layer < model.layers(); layer++) {
        for (AdapterSite site : AdapterSite.values()) {
          sites.add(site(tensors, model, channels, layer, site));
        }
      }
      int used = sites.stream().mapToInt(List::size).sum() * 2;
      if (used != tensors.size()) {
        throw unsupported("the adapter was made for a model of another shape");
      }
      this.handle = register(this);
      opened = true;
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  private static int register(LoadedAdapter adapter) {
    for (int handle = 1; handle < MAX_OPEN; handle++) {
      if (OPEN.compareAndSet(handle, null, adapter)) {
        return handle;
      }
    }
    throw new IllegalStateException("too many adapters are open");
  }

  private List<LowRank> site(
      Map<String, StoredTensor> tensors,
      DecoderConfig model,
      ChannelScales channels,
      int layer,
      AdapterSite site) {
    List<LowRank> parts = new ArrayList<>();
    for (AdapterTarget target : AdapterTarget.values()) {
      StoredTensor down = tensors.get(CanonicalAdapter.down(layer, target));
      if (target.site() == site && down != null) {
        StoredTensor up = tensors.get(CanonicalAdapter.up(layer, target));
        if (up == null) {
          throw malformed("the adapter lacks half of a pair");
        }
        parts.add(lowRank(down, up, model, channels, layer, target));
      }
    }
    return List.copyOf(parts);
  }

  private LowRank lowRank(
      StoredTensor down,
      StoredTensor up,
      DecoderConfig model,
      ChannelScales channels,
      int layer,
      AdapterTarget target) {
    int inputs = target.inputs(model);
    int outputs = target.outputs(model);
    int rank = down.shape().length == 2 ? (int) down.shape()[0] : 0;
    if (rank < 1
        || rank > PeftConfig.MAX_RANK
        || down.elements() != (long) rank * inputs
        || up.elements() != (long) rank * outputs) {
      throw unsupported("the adapter was made for a model of another shape");
    }
    float[] ofInputs = channels.inputs(layer, target, inputs);
    float[] ofOutputs = channels.outputs(layer, target, model);
    int lane = LowRank.lane(inputs);
    int width = lane * LowRank.LANES;
    float[] downs = down.floats();
    float[] ups = up.floats();
    MemorySegment downMemory = memory((long) rank * width);
    MemorySegment upMemory = memory((long) rank * outputs);
    for (int row = 0; row < rank; row++) {
      for (int i = 0; i < inputs; i++) {
        put(downMemory, (long) row * width + i, downs[row * inputs + i] * ofInputs[i]);
      }
      for (int i = 0; i < outputs; i++) {
        put(upMemory, (long) row * outputs + i, ups[i * rank + row] * ofOutputs[i]);
      }
    }
    return new LowRank(
        rank, inputs, outputs, target.first(model), lane, precision, downMemory, upMemory);
  }

  private MemorySegment memory(long numbers) {
    bytes += numbers * precision.bytes();
    return arena.allocate(numbers * precision.bytes(), 64);
  }

  private void put(MemorySegment memory, long index, float value) {
    switch (precision) {
      case HALF -> {
        if (Math.abs(value) > 65504) {
          throw unsupported("the adapter has numbers too large for 16 bits");
        }
        memory.setAtIndex(ValueLayout.JAVA_SHORT, index, Float.floatToFloat16(value));
      }
      case FLOAT -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }
  }

  /**
   * @throws IllegalStateException when no open adapter has the handle
   */
  public static LoadedAdapter of(long handle) {
    LoadedAdapter adapter = handle > 0 && handle < MAX_OPEN ? OPEN.get((int) handle) : null;
    if (adapter == null) {
      throw new IllegalStateException("no adapter has the handle " + handle);
    }
    return adapter;
  }

  public int handle() {
    return handle;
  }

  long bytes() {
    return bytes;
  }

  /** What it adds to the product of a number as {@link AdapterSite#number} gives it. */
  List<LowRank> at(int site) {
    return sites.get(site);
  }

  /** No step may be running with it. */
  @Override
  public void close() {
    OPEN.set(handle, null);
    arena.close();
  }
}
