package dev.postern.ops;

import dev.postern.ops.cli.AdapterCommand;
import dev.postern.ops.cli.ModelCommand;
import dev.postern.ops.cli.StatusCommand;
import dev.postern.ops.cli.StopCommand;
import dev.postern.ops.cli.UpCommand;
import dev.postern.ops.cli.VersionProvider;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The {@code postern} program. */
@Command(
    name = "postern",
    description = "The LLM platform a company runs itself.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    synopsisSubcommandLabel = "COMMAND",
    commandListHeading = "%nCommands:%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "First time: ./postern up",
      "Then open the printed address, or use the printed key with any OpenAI client."
    },
    subcommands = {
      UpCommand.class,
      StatusCommand.class,
      StopCommand.class,
      ModelCommand.class,
      AdapterCommand.class,
      Rehearsal.class,
      HelpCommand.class
    })
public final class Main {
  private Main() {}

  public static void main(String[] arguments) {
    int exit = commandLine().execute(arguments);
    // Client libraries may leave threads behind; a command that has ended ends the program.
    System.exit(exit);
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExecutionExceptionHandler(Main::report);
  }

  private static int report(
      Exception failure, CommandLine command, CommandLine.ParseResult arguments) {
    var errors = command.getErr();
    if (failure instanceof UsageException) {
      errors.println("postern: " + failure.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
    errors.println("postern: " + failure);
    failure.printStackTrace(errors);
    return CommandLine.ExitCode.SOFTWARE;
  }
}
