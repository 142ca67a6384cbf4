package dev.postern.gateway.adapter;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Adapters on disk, as they were uploaded: zip files in folders that are named by digest. Each
 * adapter of a project has a file of its own, so that taking one away concerns no other; any file
 * of a digest will do for a runner. All methods wait for the disk.
 */
public final class AdapterFiles {
  /** What PEFT calls its two files. */
  public static final String CONFIG = "adapter_config.json";

  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final String PREFIX = "sha256:";

  private final Path folder;

  /**
   * @param folder belongs to this installation; made when absent
   */
  public AdapterFiles(Path folder) {
    this.folder = folder;
  }

  /** A folder for one upload, on the same disk; whoever asks for it removes it. */
  public Path incoming() throws IOException {
    return Files.createTempDirectory(Files.createDirectories(folder), ".upload-");
  }

  /** Packs two files of an upload into one that can be kept. */
  public static Path pack(Path config, Path weights, Path zip) throws IOException {
    try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
      // Trained numbers hardly get shorter.
      out.setLevel(Deflater.NO_COMPRESSION);
      for (var file : new Path[] {config, weights}) {
        out.putNextEntry(new ZipEntry(file.equals(config) ? CONFIG : WEIGHTS));
        Files.copy(file, out);
        out.closeEntry();
      }
    }
    return zip;
  }

  /** Takes a file over. */
  public void keep(Path zip, String digest, UUID id) throws IOException {
    Files.createDirectories(folder(digest));
    Files.move(zip, file(digest, id), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Any file of an adapter of this digest. */
  public Optional<Path> find(String digest) throws IOException {
    try (var files = Files.list(folder(digest))) {
      return files.findFirst();
    } catch (NoSuchFileException | NotDirectoryException none) {
      return Optional.empty();
    }
  }

  /** Returns whether it was the last of its digest. */
  public boolean remove(String digest, UUID id) throws IOException {
    Files.deleteIfExists(file(digest, id));
    try {
      Files.deleteIfExists(folder(digest));
      return true;
    } catch (DirectoryNotEmptyException others) {
      return false;
    }
  }

  private Path folder(String digest) {
    return folder.resolve(digest.substring(PREFIX.length()));
  }

  private Path file(String digest, UUID id) {
    return folder(digest).resolve(id + ".zip");
  }
}
