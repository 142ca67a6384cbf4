package dev.postern.ops.postgres;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.UserPrincipal;
import org.jspecify.annotations.Nullable;

/** Whole folders: delete, and hand to another user. */
final class Folders {
  private Folders() {}

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new Visitor() {
          @Override
          void visit(Path path) throws IOException {
            Files.deleteIfExists(path);
          }
        });
  }

  /** Gives the folder and all in it to {@code owner}, unless it has it already. */
  static void give(Path folder, String owner) throws IOException {
    var users = folder.getFileSystem().getUserPrincipalLookupService();
    UserPrincipal user = users.lookupPrincipalByName(owner);
    if (Files.getOwner(folder).equals(user)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new Visitor() {
          @Override
          void visit(Path path) throws IOException {
            Files.getFileAttributeView(
                    path, FileOwnerAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .setOwner(user);
          }
        });
  }

  /** Visits files, then the folders that hold them. */
  private abstract static class Visitor extends SimpleFileVisitor<Path> {
    abstract void visit(Path path) throws IOException;

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      visit(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        throw failure;
      }
      visit(folder);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw failure;
    }
  }
}
