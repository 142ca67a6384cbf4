package dev.postern.ops.cli;

import dev.postern.ops.UsageException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.quality.QualityRows;
import dev.postern.runners.quality.Quantization;
import dev.postern.runners.quality.Quantization.Target;
import java.io.PrintWriter;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Stores a model in a smaller format and shows what that costs. */
@Command(
    name = "quantize",
    description = {
      "Stores a model in another format and measures it beside the one that is served.",
      "A mixture keeps more bits where fewer would cost most; it takes minutes to find out."
    },
    mixinStandardHelpOptions = true)
final class QuantizeCommand implements Runnable {
  /** What a person may ask for. */
  enum Format {
    INT8,
    Q8,
    Q4,
    F16,
    MIXED
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private StudiedModel studied = new StudiedModel();

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = {
        "int8 (8 bits, multiplied as integers), q8 (8 bits, a scale for each 32 weights),",
        "q4 (4 bits), f16 (16 bits, for CUDA devices) or mixed."
      })
  private Format format = Format.Q8;

  @Option(
      names = "--bytes",
      paramLabel = "N",
      description = "Mixed: the size to come down to, in bytes.")
  private @Nullable Long bytes;

  @Option(
      names = "--kl",
      paramLabel = "X",
      description = "Mixed: the most divergence from the floats, in nats (default: 0.010).")
  private @Nullable Double divergence;

  @Option(names = "--serve", description = "Serve it from the next start on.")
  private boolean serve;

  @Override
  public void run() {
    StudiedModel.run(() -> quantize(spec.commandLine().getOut()));
  }

  private void quantize(PrintWriter out) throws Exception {
    var target = target();
    var served = studied.served();
    var file = studied.source();
    var made =
        new Quantization(studied.cache(), InstantSource.system())
            .run(served, file, target, studied.progress());
    if (studied.toldAsJob(made)) {
      return;
    }
    out.println();
    FormatTable.head(out);
    row(out, "before", served);
    row(out, "after", made);
    studied
        .formats(served)
        .best()
        .ifPresent(best -> out.println("  best: " + best.row().format() + ", " + best.why()));
    if (serve) {
      studied.models().serve(studied.name(), made);
      out.println(
          "  " + studied.name() + " is served as " + made.manifest().weights() + " from now on");
    } else {
      out.println("  stored in " + made.path() + "; --serve serves it");
    }
  }

  private static void row(PrintWriter out, String when, ModelFolder folder) throws Exception {
    out.println("  " + when);
    QualityRows.of(folder).ifPresent(row -> FormatTable.line(out, " ", row));
  }

  private Target target() {
    if (format != Format.MIXED && (bytes != null || divergence != null)) {
      throw new UsageException("--bytes and --kl are for --format mixed");
    }
    return switch (format) {
      case INT8 -> new Target.Integers();
      case Q8 -> new Target.EightBits();
      case Q4 -> new Target.FourBits();
      case F16 -> new Target.Halves();
      case MIXED -> {
        if (bytes != null && divergence != null) {
          throw new UsageException("give one of --bytes and --kl");
        }
        yield bytes != null
            ? new Target.MixedToBytes(bytes)
            : new Target.MixedToDivergence(
                divergence == null ? Quantization.DEFAULT_DIVERGENCE : divergence);
      }
    };
  }
}
