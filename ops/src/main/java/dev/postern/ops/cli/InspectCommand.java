package dev.postern.ops.cli;

import dev.postern.ops.HomeModels;
import dev.postern.ops.Progress;
import dev.postern.ops.UsageException;
import dev.postern.registry.ModelVersion;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.quality.EvaluationTexts;
import dev.postern.runners.quality.Measurement;
import dev.postern.runners.quality.ModelFacts;
import dev.postern.runners.quality.QualityRows;
import dev.postern.runners.quality.StoredFormats;
import dev.postern.runners.quality.Workbench;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what a model is and how good and fast each stored format of it is. */
@Command(
    name = "inspect",
    description = {
      "Shows a model's card and its formats: size, speed and distance from the floats.",
      "With --measure, measures those that were not measured yet, which takes a minute each."
    },
    mixinStandardHelpOptions = true)
final class InspectCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "NAME", description = "What clients call the model.")
  private String name = "";

  @Option(names = "--measure", description = "Measure formats that have no row yet.")
  private boolean measure;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Measure all formats on this text instead, and show it once.")
  private @Nullable Path text;

  @Option(
      names = "--source",
      paramLabel = "FILE",
      description = "The file it was imported from, where Postern does not know it.")
  private @Nullable Path source;

  @Mixin private HomeOption home = new HomeOption();

  @Override
  public void run() {
    try {
      inspect(spec.commandLine().getOut());
    } catch (Workbench.Taken | IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private void inspect(PrintWriter out) throws Exception {
    var cache = DefaultModels.userCache();
    var models = new HomeModels(home.home(), cache, InstantSource.system());
    var model = served(models, name);
    card(out, ModelFacts.of(model));
    if (text != null) {
      table(out, cache, models, model, EvaluationTexts.read(text));
      return;
    }
    if (measure) {
      measure(cache, models, model);
    }
    out.println();
    FormatTable.all(out, StoredFormats.of(cache, model), model);
  }

  static ModelFolder served(HomeModels models, String name) throws IOException {
    for (var entry : models.present()) {
      if (entry.name().equals(name) && entry.version().role() == ModelVersion.Role.CHAT) {
        return ModelFolder.open(entry.folder());
      }
    }
    throw new UsageException("there is no chat model '" + name + "'; see: postern model list");
  }

  private void card(PrintWriter out, ModelFacts facts) {
    line(out, "name", name + " (" + facts.title() + ")");
    line(out, "digest", facts.digest());
    line(out, "source", facts.source());
    line(out, "licence", facts.licence());
    line(out, "architecture", facts.architecture());
    line(out, "parameters", String.format(Locale.ROOT, "%,d", facts.parameters()));
    facts
        .parts()
        .forEach(part ->
            out.printf(
                Locale.ROOT,
                "    %-14s %,15d  %4.1f %%%n",
                part.name(),
                part.parameters(),
                100.0 * part.parameters() / facts.parameters()));
    line(out, "context", facts.contextLength() + " tokens");
    line(
        out,
        "tokenizer",
        String.format(Locale.ROOT, "%s, %,d tokens", facts.tokenizer(), facts.vocabulary()));
    line(out, "chat template", facts.templated() ? "its own" : "none; a plain one is used");
  }

  private static void line(PrintWriter out, String what, String value) {
    out.printf("  %-15s %s%n", what, value);
  }

  private void measure(Path cache, HomeModels models, ModelFolder model) throws Exception {
    var formats = StoredFormats.of(cache, model).formats();
    if (formats.stream().allMatch(format -> format.row().isPresent())) {
      return;
    }
    var bar = new StudyBar(new Progress(System.out));
    try (var bench = Workbench.open(cache, source(models), bar)) {
      var measurement =
          new Measurement(bench.floats(), EvaluationTexts.own(), InstantSource.system());
      for (var format : formats) {
        if (format.row().isEmpty()) {
          var folder = format.folder();
          var step = "measuring " + folder.manifest().weights();
          QualityRows.keep(folder, measurement.of(folder, share -> bar.at(step, share)));
        }
      }
    }
  }

  private void table(
      PrintWriter out, Path cache, HomeModels models, ModelFolder model, EvaluationTexts texts)
      throws Exception {
    var bar = new StudyBar(new Progress(System.out));
    try (var bench = Workbench.open(cache, source(models), bar)) {
      var measurement = new Measurement(bench.floats(), texts, InstantSource.system());
      out.println();
      FormatTable.head(out);
      for (var format : StoredFormats.of(cache, model).formats()) {
        FormatTable.line(out, " ", measurement.of(format.folder(), share -> {}));
        out.flush();
      }
    }
  }

  private Path source(HomeModels models) throws IOException {
    return source == null ? models.source(name) : source;
  }
}
