package dev.postern.ops.cli;

import dev.postern.ops.PosternConfig;
import dev.postern.ops.Product;
import dev.postern.ops.Progress;
import dev.postern.ops.runner.Upstream;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Starts everything on this machine. */
@Command(
    name = "up",
    description = {
      "Starts PostgreSQL, the runner, the gateway and the console on this machine, and runs until"
          + " it is stopped by Ctrl-C, SIGTERM or postern stop.",
      "The first start fetches two small models and makes a database in the home folder."
    },
    footer = {
      "",
      "Keys and passwords are written to bootstrap.env and console-password in the home folder.",
      "Settings are read from postern.properties there; options come before it.",
      "Exit code 0: stopped in order, 1: failed, 2: something to put right first."
    },
    mixinStandardHelpOptions = true)
public final class UpCommand implements Callable<Integer> {
  @Mixin private HomeOption homeOption = new HomeOption();

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "The port of the API and the console (default: 8080).")
  private @Nullable Integer port;

  @Option(
      names = "--host",
      paramLabel = "H",
      description = "The address to listen on (default: 127.0.0.1; 0.0.0.0 for all).")
  private @Nullable String host;

  @Option(
      names = "--metrics-port",
      paramLabel = "N",
      description =
          "Serves /metrics without a key on this port of the loopback address (default: off).")
  private @Nullable Integer metricsPort;

  @Option(
      names = "--no-model",
      description = "Starts no runner and fetches no model; everything but inference works.")
  private boolean noModel;

  @Option(
      names = "--gpu",
      description =
          "Builds with the GPU runtime even where nvidia-smi finds no device (see also"
              + " POSTERN_GPU). Read by the launcher.")
  private boolean gpu;

  @Option(names = "--bench-upstream", paramLabel = "MODEL=URL", hidden = true)
  private @Nullable String upstream;

  @Override
  public Integer call() throws Exception {
    var home = homeOption.home();
    var file = PosternConfig.read(home.config());
    var config =
        file.with(
            host == null ? file.host() : host,
            port == null ? file.port() : port,
            metricsPort == null ? file.metricsPort() : metricsPort);
    Product.runUntilStopped(
        home,
        config,
        !noModel,
        Optional.ofNullable(upstream).map(Upstream::parse),
        new Progress(System.out));
    return ExitCode.OK;
  }
}
