package dev.postern.ops.cli;

import dev.postern.ops.InstanceLock;
import dev.postern.ops.UsageException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Ends a running installation in order. */
@Command(
    name = "stop",
    description = "Stops the Postern that runs on a home, letting requests in flight finish.",
    mixinStandardHelpOptions = true)
public final class StopCommand implements Callable<Integer> {
  private static final int LIMIT_SECONDS = 120;

  @Mixin private HomeOption option = new HomeOption();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    var home = option.home();
    var holder = InstanceLock.holder(home);
    if (holder.isEmpty()) {
      throw new UsageException("no Postern runs on " + home.folder());
    }
    var process = ProcessHandle.of(holder.getAsLong());
    if (process.isPresent()) {
      process.get().destroy();
      try {
        process.get().onExit().get(LIMIT_SECONDS, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new UsageException(
            "process " + holder.getAsLong() + " still runs after " + LIMIT_SECONDS + " s");
      }
    }
    spec.commandLine().getOut().println("stopped: " + home.folder());
    return ExitCode.OK;
  }
}
