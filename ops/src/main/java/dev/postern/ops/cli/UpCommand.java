package dev.postern.ops.cli;

import dev.postern.ops.PosternConfig;
import dev.postern.ops.Product;
import dev.postern.ops.Progress;
import dev.postern.ops.RunnerProduct;
import dev.postern.ops.UsageException;
import dev.postern.ops.runner.Devices;
import dev.postern.ops.runner.RunnerPlace;
import dev.postern.ops.runner.Upstream;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
  private static final int RUNNER_PORT = 9000;

  @Mixin private HomeOption homeOption = new HomeOption();

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "The port of the API and the console (default: 8080); of a runner (9000).")
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

  /** What of Postern runs on this machine. */
  enum Role {
    /** Everything. */
    ALL,
    /** A runner alone, for gateways on other machines. */
    RUNNER,
    /** The gateway with its database and console, without a runner. */
    GATEWAY
  }

  @Option(
      names = "--role",
      defaultValue = "all",
      description =
          "all, runner (a runner alone, for gateways elsewhere) or gateway (no runner here)"
              + " (default: ${DEFAULT-VALUE}).")
  private Role role = Role.ALL;

  @Option(
      names = "--runner",
      paramLabel = "URL",
      description = {
        "A runner elsewhere to send requests to, such as http://10.0.0.7:9000; may be given several"
            + " times. All share one token: POSTERN_RUNNER_TOKEN, or secrets/runner-token in the"
            + " home."
      })
  private List<URI> runners = List.of();

  @Option(
      names = "--models",
      paramLabel = "NAME=FOLDER",
      split = ",",
      description =
          "With --role runner: imported models to serve (default: those of the home). What does not"
              + " fit into memory together is loaded when it is asked for.")
  private Map<String, Path> models = Map.of();

  @Option(
      names = "--device",
      paramLabel = "D",
      split = ",",
      description =
          "What runners compute on: cpu, auto (cuda:0 where it loads, else cpu), or cuda:0;"
              + " several, such as cuda:0,cuda:1, have a runner each (default: auto).")
  private List<String> device = List.of();

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description =
          "With --role runner: the most memory of its process, such as 4g (default: four fifths of"
              + " the machine's).")
  private @Nullable String memory;

  @Option(names = "--bench-upstream", paramLabel = "MODEL=URL", hidden = true)
  private @Nullable String upstream;

  @Override
  public Integer call() throws Exception {
    var home = homeOption.home();
    var file = PosternConfig.read(home.config());
    var progress = new Progress(System.out);
    var devices = device.isEmpty() ? file.device() : Devices.parse(String.join(",", device));
    switch (role) {
      case RUNNER -> {
        requireNone(!runners.isEmpty(), "--runner", "--role gateway or all");
        var place =
            new RunnerPlace(
                host == null ? "127.0.0.1" : host,
                port == null ? RUNNER_PORT : port,
                "cpu",
                memory);
        devices.requireUsable();
        RunnerProduct.runUntilStopped(
            home, file, place.onEach(devices), devices.onCuda(), models, progress);
      }
      case ALL, GATEWAY -> {
        requireNone(!models.isEmpty(), "--models", "--role runner");
        requireNone(memory != null, "--memory", "--role runner");
        if (role == Role.ALL && !noModel) {
          devices.requireUsable();
        }
        Product.runUntilStopped(
            home,
            file.with(
                host == null ? file.host() : host,
                port == null ? file.port() : port,
                metricsPort == null ? file.metricsPort() : metricsPort,
                devices),
            new Product.Parts(
                role == Role.ALL && !noModel,
                runners,
                Optional.ofNullable(upstream).map(Upstream::parse)),
            progress);
      }
    }
    return ExitCode.OK;
  }

  private static void requireNone(boolean given, String option, String where) {
    if (given) {
      throw new UsageException(option + " belongs to " + where);
    }
  }
}
