package dev.postern.ops.cli;

import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.quality.EvaluationTexts;
import dev.postern.runners.quality.Measurement;
import dev.postern.runners.quality.ModelFacts;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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

  @Mixin private StudiedModel studied = new StudiedModel();

  @Option(names = "--measure", description = "Measure formats that have no row yet.")
  private boolean measure;

  @Option(
      names = "--text",
      paramLabel = "FILE",
      description = "Measure all formats on this text instead, and show it once.")
  private @Nullable Path text;

  @Override
  public void run() {
    StudiedModel.run(() -> inspect(spec.commandLine().getOut()));
  }

  private void inspect(PrintWriter out) throws Exception {
    var model = studied.served();
    card(out, ModelFacts.of(model));
    if (text != null) {
      table(out, model, EvaluationTexts.read(text));
      return;
    }
    if (measure) {
      measure(model);
    }
    out.println();
    var why = studied.models().why(studied.name(), model);
    FormatTable.all(out, studied.formats(model), model, why);
  }

  private void card(PrintWriter out, ModelFacts facts) {
    line(out, "name", studied.name() + " (" + facts.title() + ")");
    line(out, "digest", facts.digest());
    line(out, "source", facts.source());
    line(out, "source digest", facts.sourceDigest());
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

  private void measure(ModelFolder model) throws Exception {
    var formats = studied.formats(model);
    if (formats.measured()) {
      return;
    }
    var bar = studied.progress();
    try (var bench = studied.bench(bar)) {
      new Measurement(bench.floats(), EvaluationTexts.own(), InstantSource.system())
          .keepMissing(formats.folders(), bar);
    }
  }

  private void table(PrintWriter out, ModelFolder model, EvaluationTexts texts) throws Exception {
    try (var bench = studied.bench(studied.progress())) {
      var measurement = new Measurement(bench.floats(), texts, InstantSource.system());
      out.println();
      FormatTable.head(out);
      for (var folder : studied.formats(model).folders()) {
        FormatTable.line(out, " ", measurement.of(folder, share -> {}));
        out.flush();
      }
    }
  }
}
