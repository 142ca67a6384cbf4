package dev.postern.ops.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.ops.HomeAdapters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** LoRA adapters of an installation's projects. */
@Command(
    name = "adapter",
    description = {
      "Imports, lists and removes LoRA adapters. An adapter belongs to a project, whose keys call",
      "it as MODEL@NAME. Postern must be running."
    },
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
public final class AdapterCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing required subcommand");
  }

  @Command(
      name = "import",
      description = {
        "Imports an adapter as PEFT saves it: a folder with adapter_config.json and",
        "adapter_model.safetensors. It can be called at once."
      },
      mixinStandardHelpOptions = true)
  void importFolder(
      @Parameters(paramLabel = "FOLDER", description = "The folder, or a file in it.") Path folder,
      @Option(
              names = "--model",
              paramLabel = "MODEL",
              required = true,
              description = "The model that it was trained on, as clients call it.")
          String model,
      @Option(
              names = "--name",
              paramLabel = "NAME",
              required = true,
              description = "What clients call it, after MODEL@.")
          String name,
      @Option(
              names = "--project",
              paramLabel = "ID",
              description = "The project that it belongs to (default: that of the first key).")
          @Nullable String project,
      @Mixin HomeOption option)
      throws IOException {
    var adapter = HomeAdapters.of(option.home(), project).add(folder, model, name);
    spec.commandLine()
        .getOut()
        .println(
            "imported as "
                + adapter.path("model").asText()
                + " ("
                + adapter.path("digest").asText()
                + ")");
  }

  @Command(
      name = "list",
      description = "Lists a project's adapters, newest first.",
      mixinStandardHelpOptions = true)
  void list(
      @Option(
              names = "--project",
              paramLabel = "ID",
              description = "The project (default: that of the first key).")
          @Nullable String project,
      @Mixin HomeOption option)
      throws IOException {
    var out = spec.commandLine().getOut();
    out.printf("%-40s %5s %9s %8s  %-24s %s%n", "MODEL", "RANK", "PARAMS", "MB", "CHANGES", "ID");
    for (var adapter : HomeAdapters.of(option.home(), project).list()) {
      out.printf(
          Locale.ROOT,
          "%-40s %5d %8.2fM %8.1f  %-24s %s%n",
          adapter.path("model").asText(),
          adapter.path("rank").asInt(),
          adapter.path("parameters").asLong() / 1e6,
          adapter.path("bytes").asLong() / 1e6,
          targets(adapter),
          adapter.path("id").asText());
    }
  }

  private static String targets(JsonNode adapter) {
    var names = new ArrayList<String>();
    adapter.path("targets").forEach(target -> names.add(target.asText()));
    return String.join(",", names);
  }

  @Command(
      name = "remove",
      description = "Takes an adapter away; what runs with it goes on to its end.",
      mixinStandardHelpOptions = true)
  void remove(
      @Parameters(paramLabel = "MODEL@NAME", description = "As clients call it, or its id.")
          String model,
      @Option(
              names = "--project",
              paramLabel = "ID",
              description = "The project (default: that of the first key).")
          @Nullable String project,
      @Mixin HomeOption option)
      throws IOException {
    HomeAdapters.of(option.home(), project).remove(model);
    spec.commandLine().getOut().println("removed " + model);
  }
}
