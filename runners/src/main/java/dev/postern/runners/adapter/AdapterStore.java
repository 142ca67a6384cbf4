package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.Digests;
import dev.postern.runners.importer.DisplayName;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.Trees;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Adapters on disk, in folders named by their digest. The digest is of a file of our own making
 * ({@link CanonicalAdapter}), so the same change has the same name whatever precision, order or
 * scale its matrices were saved with. A folder appears whole or not at all.
 */
public final class AdapterStore {
  static final String WEIGHTS = "adapter.safetensors";
  private static final String CARD = "card.json";
  private static final long MAX_CONFIG = 1 << 20;
  private static final long MAX_WEIGHTS = 4L << 30;
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path adapters;

  /**
   * @param cache shared by all that import; made when absent
   */
  public AdapterStore(Path cache) {
    this.adapters = cache.resolve("adapters");
  }

  /** In {@code $POSTERN_CACHE}, or {@code ~/.cache/postern}. */
  public static AdapterStore ofUser() {
    return new AdapterStore(DefaultModels.userCache());
  }

  /**
   * Takes an adapter in.
   *
   * @param source PEFT's folder, or a zip file of one
   * @param model that it is to be applied to
   * @throws ImportException when it is not sound, or not made for such a model
   */
  public AdapterCard add(Path source, String name, DecoderConfig model) throws IOException {
    Files.createDirectories(adapters);
    Path work = Files.createTempDirectory(adapters, ".import-");
    try {
      Path folder = Files.isDirectory(source) ? source : unpacked(source, work.resolve("zip"));
      Path fresh = Files.createDirectory(work.resolve("adapter"));
      try (PeftFolder peft = PeftFolder.open(folder, model)) {
        Path weights = fresh.resolve(WEIGHTS);
        CanonicalAdapter.write(peft.pairs(), weights);
        String sha256 = Digests.hex(weights, _ -> {});
        AdapterCard card = card("sha256:" + sha256, name, peft, Files.size(weights));
        Files.write(fresh.resolve(CARD), JSON.writeValueAsBytes(card));
        Trees.publish(fresh, adapters.resolve(sha256));
        return find(card.digest()).orElseThrow();
      }
    } finally {
      Trees.delete(work);
    }
  }

  private static AdapterCard card(String digest, String name, PeftFolder peft, long bytes) {
    var targets = new TreeSet<AdapterTarget>();
    int rank = 0;
    long parameters = 0;
    for (var pair : peft.pairs().entrySet()) {
      targets.add(pair.getKey().target());
      rank = Math.max(rank, pair.getValue().rank());
      parameters += pair.getValue().down().elements() + pair.getValue().up().elements();
    }
    String base = peft.config().base();
    return new AdapterCard(
        digest,
        DisplayName.of(name),
        base == null ? null : DisplayName.of(base),
        rank,
        targets.stream().map(AdapterTarget::label).toList(),
        parameters,
        bytes);
  }

  /** The two files of an adapter, from wherever they lie in a zip file. Other entries are left. */
  private static Path unpacked(Path archive, Path folder) throws IOException {
    if (!Files.isRegularFile(archive)) {
      throw malformed("there is no adapter at this path");
    }
    Files.createDirectory(folder);
    try (var zip = new ZipFile(archive.toFile())) {
      ZipEntry config =
          zip.stream()
              .filter(entry -> isOrEndsWith(entry.getName(), PeftFolder.CONFIG))
              .findFirst()
              .orElseThrow(() -> malformed("there is no adapter_config.json in the zip file"));
      String prefix =
          config.getName().substring(0, config.getName().length() - PeftFolder.CONFIG.length());
      ZipEntry weights = zip.getEntry(prefix + PeftFolder.WEIGHTS);
      if (weights == null) {
        throw malformed("there is no adapter_model.safetensors in the zip file");
      }
      copy(zip, config, folder.resolve(PeftFolder.CONFIG), MAX_CONFIG);
      copy(zip, weights, folder.resolve(PeftFolder.WEIGHTS), MAX_WEIGHTS);
    } catch (ZipException failure) {
      throw malformed("the adapter is neither a folder nor a zip file");
    }
    return folder;
  }

  private static boolean isOrEndsWith(String path, String name) {
    return path.equals(name) || path.endsWith("/" + name);
  }

  /** What an entry says of its size is not believed. */
  private static void copy(ZipFile zip, ZipEntry entry, Path file, long most) throws IOException {
    try (InputStream in = zip.getInputStream(entry);
        OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      long total = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        total += read;
        if (total > most) {
          throw unsupported("the adapter's files are too large");
        }
        out.write(buffer, 0, read);
      }
    }
  }

  /** The adapter of a digest, where it is here. */
  public Optional<AdapterCard> find(String digest) throws IOException {
    if (!DIGEST.matcher(digest).matches()) {
      return Optional.empty();
    }
    Path card = folder(digest).resolve(CARD);
    if (!Files.isRegularFile(card)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(card), AdapterCard.class));
    } catch (JsonProcessingException damaged) {
      throw malformed("the adapter's card cannot be read");
    }
  }

  Path weights(String digest) {
    return folder(digest).resolve(WEIGHTS);
  }

  private Path folder(String digest) {
    return adapters.resolve(digest.substring(digest.indexOf(':') + 1));
  }

  /** All adapters, by name. */
  public List<AdapterCard> list() throws IOException {
    List<AdapterCard> cards = new ArrayList<>();
    if (Files.isDirectory(adapters)) {
      try (Stream<Path> folders = Files.list(adapters)) {
        for (Path folder : (Iterable<Path>) folders::iterator) {
          find("sha256:" + folder.getFileName()).ifPresent(cards::add);
        }
      }
    }
    cards.sort(Comparator.comparing(AdapterCard::name).thenComparing(AdapterCard::digest));
    return cards;
  }

  /** Removes an adapter from disk; what has it loaded goes on. */
  public boolean remove(String digest) throws IOException {
    if (find(digest).isEmpty()) {
      return false;
    }
    Trees.delete(folder(digest));
    return true;
  }
}
