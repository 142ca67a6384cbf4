package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyLlama;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Importing processes that are killed, or whose disk is full. */
@Timeout(60)
class ImportFaultsIT {
  @TempDir private Path folder;
  private Path source;
  private Path cache;

  @BeforeEach
  void write() throws IOException {
    source = Files.write(folder.resolve("model.gguf"), TinyLlama.gguf(1));
    cache = Files.createDirectory(folder.resolve("cache"));
  }

  @Test
  void aKilledImportIsNoModelAndTheNextOneCleansUpAfterIt() throws Exception {
    var killed = start(List.of(), cache, true);
    try (var lines = killed.inputReader(StandardCharsets.UTF_8)) {
      assertThat(lines.readLine()).isEqualTo(ImportProcess.HALF_WAY);
      killed.destroyForcibly().waitFor();
    }
    assertThat(names(cache.resolve("models"))).anyMatch(name -> name.startsWith(".import-"));
    assertThat(ModelFolder.list(cache)).isEmpty();

    var model = new ModelImport(cache, new FloatFormat()).run(source, null, ImportProgress.NONE);

    model.verify();
    assertThat(names(cache.resolve("models")))
        .containsExactlyInAnyOrder("by-source", String.valueOf(model.path().getFileName()));
  }

  /** A file size limit fails writes as a full disk does, wherever there is a shell. */
  @Test
  void anImportBeyondAFileSizeLimitSaysSoAndLeavesNothing() throws Exception {
    var said =
        outputOf(start(List.of("sh", "-c", "ulimit -f 64; exec \"$@\"", "sh"), cache, false));

    assertThat(said).hasSize(2);
    assertThat(said.getFirst())
        .startsWith("refused ")
        .contains("could not be finished: File too large");
    assertThat(said.getLast()).isEqualTo("left []");
  }

  @Test
  void anImportOnAFullDiskSaysSoAndLeavesNothing() throws Exception {
    var mounted =
        List.of(
            "unshare",
            "-rm",
            "sh",
            "-c",
            "mount -t tmpfs -o size=64k tmpfs \"$0\" && exec \"$@\"",
            cache.toString());
    assumeTrue(works(mounted), "skipped, this user may not mount a file system");

    var said = outputOf(start(mounted, cache, false));

    assertThat(said).hasSize(2);
    assertThat(said.getFirst()).startsWith("refused ").contains("No space left on device");
    assertThat(said.getLast()).isEqualTo("left []");
  }

  private static boolean works(List<String> prefix) throws InterruptedException {
    var words = new ArrayList<>(prefix);
    words.add("true");
    try {
      return new ProcessBuilder(words).start().waitFor() == 0;
    } catch (IOException absent) {
      return false;
    }
  }

  private Process start(List<String> prefix, Path into, boolean wait) throws IOException {
    var words = new ArrayList<>(prefix);
    words.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            ImportProcess.class.getName(),
            into.toString(),
            source.toString(),
            Boolean.toString(wait)));
    return new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static List<String> outputOf(Process process) throws Exception {
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      var said = lines.lines().toList();
      process.waitFor();
      return said;
    }
  }

  private static List<String> names(Path parent) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      return entries.map(entry -> String.valueOf(entry.getFileName())).toList();
    }
  }
}
