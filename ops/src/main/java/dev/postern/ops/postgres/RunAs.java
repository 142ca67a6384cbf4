package dev.postern.ops.postgres;

import dev.postern.ops.process.Command;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Under which identity PostgreSQL runs. It refuses to run as root, so root becomes another user
 * first, in the first of several ways that works on this machine with these folders.
 *
 * @param prefix the words in front of every PostgreSQL command
 * @param owner who must own the data folder
 */
record RunAs(String description, List<String> prefix, String owner) {
  private static final Duration PROBE_LIMIT = Duration.ofSeconds(10);

  /** The kernel then ends PostgreSQL by a fast shutdown when this JVM is killed. */
  private static final List<String> DEATH_SIGNAL = List.of("--pdeathsig", "INT");

  RunAs {
    prefix = List.copyOf(prefix);
  }

  /**
   * Tries the ways in order and hands the data folder to the one that works.
   *
   * @param data an existing folder, to be used by PostgreSQL alone
   */
  static RunAs choose(Path binaries, Path data) throws IOException, InterruptedException {
    var home = Objects.requireNonNull(data.getParent(), "the data folder has a folder around it");
    for (var candidate : candidates()) {
      if (candidate.works(binaries, home)) {
        Folders.give(data, candidate.owner());
        return candidate;
      }
    }
    throw new IOException(
        "PostgreSQL does not run as root, and no other user can be taken for it here. Start postern"
            + " as an ordinary user, or give it folders that other users may enter: --home"
            + " /var/lib/postern and POSTERN_CACHE=/var/cache/postern.");
  }

  private static List<RunAs> candidates() throws IOException, InterruptedException {
    var me = System.getProperty("user.name");
    if (!me.equals("root")) {
      return List.of(
          new RunAs("setpriv", with(List.of("setpriv"), DEATH_SIGNAL), me),
          new RunAs("plain", List.of("env"), me));
    }
    var ways = new ArrayList<RunAs>();
    for (var user : List.of("postgres", "nobody")) {
      ways.add(becoming(user));
    }
    // In a user namespace of its own the process is still root to the file system, so it reaches
    // folders that are closed to other users, and yet does not look like root to itself.
    ways.add(new RunAs("unshare", with(List.of("unshare", "-U", "setpriv"), DEATH_SIGNAL), "root"));
    return ways;
  }

  private static RunAs becoming(String user) throws IOException, InterruptedException {
    // The group's name differs between distributions; an unknown user has none and fails later.
    var group = new Command(List.of("id", "-g", user)).run(PROBE_LIMIT).output().strip();
    var words =
        List.of(
            "setpriv", "--reuid=" + user, "--regid=" + group, "--clear-groups", "--no-new-privs");
    return new RunAs("setpriv " + user, with(words, DEATH_SIGNAL), user);
  }

  private static List<String> with(List<String> some, List<String> more) {
    var all = new ArrayList<>(some);
    all.addAll(more);
    return all;
  }

  /** Whether the programs can be run and the folder around the data be entered. */
  private boolean works(Path binaries, Path home) throws IOException, InterruptedException {
    return Command.onPath(prefix.getFirst())
        && Command.of(
                prefix,
                "sh",
                "-c",
                "cd \"$1\" && exec \"$0\" --version",
                binaries.resolve("bin/postgres").toString(),
                home.toString())
            .run(PROBE_LIMIT)
            .succeeded();
  }
}
