package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.adapter.SiteBuilder.Matrices;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.Safetensors;
import dev.postern.runners.importer.StoredTensor;
import java.io.IOException;
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

  private final List<@Nullable SiteChange> sites;
  private final long bytes;
  private final int handle;

  /**
   * @param file as {@link AdapterStore} keeps it
   * @param channels how the model's own channels were scaled when it was imported
   * @param exact in floats, and not in eight bits
   */
  static LoadedAdapter open(Path file, DecoderConfig model, ChannelScales channels, boolean exact)
      throws IOException {
    try (Safetensors tensors = Safetensors.open(List.of(file))) {
      return new LoadedAdapter(tensors.tensors(), model, channels, new SiteBuilder(exact));
    }
  }

  private LoadedAdapter(
      Map<String, StoredTensor> tensors,
      DecoderConfig model,
      ChannelScales channels,
      SiteBuilder builder) {
    this.sites = new ArrayList<>();
    long total = 0;
    int used = 0;
    for (int layer = 0; layer < model.layers(); layer++) {
      for (AdapterSite site : AdapterSite.values()) {
        SiteChange change = site(tensors, model, channels, builder, layer, site);
        sites.add(change);
        if (change != null) {
          total += change.bytes();
          used += 2 * change.parts().size();
        }
      }
    }
    if (used != tensors.size()) {
      throw unsupported("the adapter was made for a model of another shape");
    }
    this.bytes = total;
    this.handle = register(this);
  }

  private static int register(LoadedAdapter adapter) {
    for (int handle = 1; handle < MAX_OPEN; handle++) {
      if (OPEN.compareAndSet(handle, null, adapter)) {
        return handle;
      }
    }
    throw new IllegalStateException("too many adapters are open");
  }

  private static @Nullable SiteChange site(
      Map<String, StoredTensor> tensors,
      DecoderConfig model,
      ChannelScales channels,
      SiteBuilder builder,
      int layer,
      AdapterSite site) {
    List<Matrices> parts = new ArrayList<>();
    int inputs = 0;
    for (AdapterTarget target : AdapterTarget.values()) {
      StoredTensor down = tensors.get(CanonicalAdapter.down(layer, target));
      if (target.site() == site && down != null) {
        StoredTensor up = tensors.get(CanonicalAdapter.up(layer, target));
        if (up == null) {
          throw malformed("the adapter lacks half of a pair");
        }
        parts.add(matrices(down, up, model, channels, layer, target));
        inputs = target.inputs(model);
      }
    }
    return parts.isEmpty() ? null : builder.build(inputs, parts);
  }

  private static Matrices matrices(
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
    float[] downs = down.floats();
    float[] ups = up.floats();
    for (int i = 0; i < downs.length; i++) {
      downs[i] *= ofInputs[i % inputs];
    }
    for (int i = 0; i < ups.length; i++) {
      ups[i] *= ofOutputs[i / rank];
    }
    return new Matrices(target.first(model), rank, outputs, downs, ups);
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

  /**
   * What it adds to the product of a number as {@link AdapterSite#number} gives it, if anything.
   */
  @Nullable SiteChange at(int site) {
    return sites.get(site);
  }

  /** No step may be running with it. */
  @Override
  public void close() {
    OPEN.set(handle, null);
  }
}
