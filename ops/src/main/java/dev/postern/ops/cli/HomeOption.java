package dev.postern.ops.cli;

import dev.postern.ops.Home;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option that every command about an installation has. */
public final class HomeOption {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description = "The folder of this installation (default: ~/.postern).",
      defaultValue = "${sys:user.home}/.postern",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  Path folder = Path.of(".postern");

  Home home() {
    return new Home(folder);
  }
}
