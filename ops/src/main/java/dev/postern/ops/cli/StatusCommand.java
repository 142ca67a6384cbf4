package dev.postern.ops.cli;

import dev.postern.ops.InstanceLock;
import dev.postern.ops.RunnerSummary;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Says whether an installation runs, and how its runners do. */
@Command(
    name = "status",
    description = {
      "Says whether Postern runs on a home, and what its runners serve and can still take.",
      "Exit code 0: it runs, 1: it does not."
    },
    mixinStandardHelpOptions = true)
public final class StatusCommand implements Callable<Integer> {
  @Mixin private HomeOption option = new HomeOption();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    var home = option.home();
    var out = spec.commandLine().getOut();
    var holder = InstanceLock.holder(home);
    if (holder.isEmpty()) {
      out.println("not running: " + home.folder());
      return ExitCode.SOFTWARE;
    }
    out.println("running: " + home.folder() + " (process " + holder.getAsLong() + ")");
    RunnerSummary.of(home).forEach(out::println);
    return ExitCode.OK;
  }
}
