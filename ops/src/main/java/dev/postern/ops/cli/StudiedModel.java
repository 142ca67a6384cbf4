package dev.postern.ops.cli;

import dev.postern.ops.HomeModels;
import dev.postern.ops.Progress;
import dev.postern.ops.UsageException;
import dev.postern.ops.jobs.ProgressLine;
import dev.postern.registry.ModelVersion;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.quality.StoredFormats;
import dev.postern.runners.quality.StudyProgress;
import dev.postern.runners.quality.Workbench;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The model whose formats a command works on, with the options that all such commands have. */
final class StudiedModel {
  @Parameters(paramLabel = "NAME", description = "What clients call the model.")
  private String name = "";

  @Option(
      names = "--source",
      paramLabel = "FILE",
      description = "The file it was imported from, where Postern does not know it.")
  private @Nullable Path source;

  @Option(names = "--job", hidden = true, description = "Progress for a program to read.")
  private boolean job;

  @Mixin private HomeOption home = new HomeOption();

  /** What a command does, in which anything may fail. */
  interface Work {
    void run() throws Exception;
  }

  /** Runs it; what the person at the terminal can mend is told in a sentence. */
  static void run(Work work) {
    try {
      work.run();
    } catch (Workbench.Taken | IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  String name() {
    return name;
  }

  Path cache() {
    return DefaultModels.userCache();
  }

  HomeModels models() {
    return new HomeModels(home.home(), cache(), InstantSource.system());
  }

  /** As it is served. */
  ModelFolder served() throws IOException {
    for (var entry : models().present()) {
      if (entry.name().equals(name) && entry.version().role() == ModelVersion.Role.CHAT) {
        return ModelFolder.open(entry.folder());
      }
    }
    throw new UsageException("there is no chat model '" + name + "'; see: postern model list");
  }

  StoredFormats formats(ModelFolder served) throws IOException {
    return StoredFormats.of(cache(), served);
  }

  Path source() throws IOException {
    return source == null ? models().source(name) : source;
  }

  /** With the model in floats on it. */
  Workbench bench(StudyProgress progress) throws IOException {
    return Workbench.open(cache(), source(), progress);
  }

  StudyProgress progress() {
    var out = new Progress(System.out);
    return job
        ? new StudyBar((step, share) -> out.plain(new ProgressLine(step, share, null).text()))
        : StudyBar.on(out);
  }

  /** Tells the program that reads the progress what was stored; a person is shown a table. */
  boolean toldAsJob(ModelFolder made) {
    if (job) {
      new Progress(System.out).plain(new ProgressLine("stored", 1, made.digest()).text());
    }
    return job;
  }
}
