package dev.postern.ops.cli;

import dev.postern.ops.HomeModels;
import dev.postern.ops.ImportBar;
import dev.postern.ops.Progress;
import dev.postern.ops.UsageException;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Models of an installation. */
@Command(
    name = "model",
    description = "Imports, lists, inspects and compresses models.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {InspectCommand.class, QuantizeCommand.class})
public final class ModelCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }

  @Command(
      name = "import",
      description = {
        "Imports a model and serves it from this home. A decoder is a GGUF file, a folder with",
        "config.json, tokenizer.json and safetensors, or a folder of its ONNX export, as",
        "onnx-community and onnxruntime-genai lay it out; of the families Llama 2 and 3, SmolLM2",
        "and 3, Mistral, Qwen 2, 2.5 and 3, Gemma 1 to 3, Phi-3. An encoder (embeddings, a",
        "classifier, a reranker) is a folder with its ONNX export, or an .onnx file.",
        "A Postern that runs picks it up within seconds, without a restart."
      },
      mixinStandardHelpOptions = true)
  void importFile(
      @Parameters(paramLabel = "FILE", description = "The file, or the folder.") Path file,
      @Option(
              names = "--name",
              paramLabel = "NAME",
              description = "What clients call it (default: the name in the file).")
          @Nullable String name,
      @Mixin HomeOption option)
      throws IOException {
    var home = option.home();
    home.create();
    var models = new HomeModels(home, DefaultModels.userCache(), InstantSource.system());
    try {
      var entry =
          models.importFile(
              file, name, new ImportBar(new Progress(System.out), file.getFileName().toString()));
      spec.commandLine()
          .getOut()
          .println("imported as " + entry.name() + " (" + entry.version().digest() + ")");
    } catch (ImportException e) {
      throw new UsageException(file + ": " + e.getMessage());
    }
  }

  @Command(
      name = "list",
      description = "Lists the models that this home serves and where they came from.",
      mixinStandardHelpOptions = true)
  void list(@Mixin HomeOption option) throws IOException {
    var models = new HomeModels(option.home(), DefaultModels.userCache(), InstantSource.system());
    var out = spec.commandLine().getOut();
    out.printf("%-28s %-10s %9s %9s %8s  %s%n", "NAME", "ROLE", "PARAMS", "MB", "CONTEXT", "FROM");
    for (var entry : models.present()) {
      var version = entry.version();
      switch (version.role()) {
        case CHAT -> {
          var card = ModelFolder.open(entry.folder()).card();
          out.printf(
              Locale.ROOT,
              "%-28s %-10s %8.0fM %9.1f %8d  %s%n",
              entry.name(),
              "chat",
              card.parameters() / 1e6,
              card.bytes() / 1e6,
              card.contextLength(),
              card.source());
        }
        case EMBEDDING, CLASSIFIER, RERANKER ->
            out.printf(
                Locale.ROOT,
                "%-28s %-10s %9s %9s %8d  %s%n",
                entry.name(),
                version.role().name().toLowerCase(Locale.ROOT),
                "",
                "",
                version.contextLength(),
                version.digest());
      }
    }
  }
}
