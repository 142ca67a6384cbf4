package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderIT {
  @TempDir private Path parent;

  @Test
  void leavesNothingBehind() throws IOException {
    try (var work = WorkFolder.create(parent, ".import-")) {
      Files.writeString(work.path().resolve("half"), "done");
    }
    assertThat(parent).isEmptyDirectory();
  }

  @Test
  void removesWhatAKilledProcessLeftAndNothingElse() throws IOException {
    Path left = Files.createDirectories(parent.resolve(".import-1/deep")).getParent();
    Files.writeString(parent.resolve(".import-1.lock"), "");
    Path old = Files.createDirectory(parent.resolve(".import-2"));
    Path other = Files.createDirectory(parent.resolve("model"));
    try (var first = WorkFolder.create(parent, ".import-");
        var second = WorkFolder.create(parent, ".import-")) {
      assertThat(left).doesNotExist();
      assertThat(parent.resolve(".import-1.lock")).doesNotExist();
      assertThat(old).doesNotExist();
      assertThat(other).exists();
      assertThat(first.path()).exists();
      assertThat(second.path()).exists();
    }
  }
}
