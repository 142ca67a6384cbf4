package dev.postern.ops;

import dev.postern.registry.ModelVersion;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.Digests;
import dev.postern.runners.importer.EncoderFolder;
import dev.postern.runners.importer.EncoderImport;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.quality.DefaultFormat;
import dev.postern.runners.quality.StoredFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The models that one home serves: the two that every home starts with, and those imported into it.
 * Weights lie in the user's cache, which homes share; a home keeps a small file a model, named as
 * clients call it, that says where.
 */
public final class HomeModels {
  public static final String CHAT = "smollm2-135m-instruct";
  public static final String EMBEDDING = "all-minilm-l6-v2";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
  private static final int EMBEDDING_CONTEXT = 512;
  private static final int EMBEDDING_LENGTH = 384;

  private final Path folder;
  private final Path cache;
  private final boolean cuda;
  private final InstantSource clock;

  /** What is served where nobody chose, by the digest of what was imported. */
  private final Map<String, ModelFolder> settled = new ConcurrentHashMap<>();

  /** Of encoders' graphs that never change, so that they are read once. */
  private final Map<Path, String> digests = new ConcurrentHashMap<>();

  /**
   * A model as this home serves it.
   *
   * @param name what clients call
   * @param folder what the runner loads
   */
  public record Entry(String name, Path folder, ModelVersion version) {}

  /**
   * What the home's file about a model says.
   *
   * @param folder what an import made, or a person chose
   * @param source the file it was imported from; empty where that is not known
   * @param chosen whether a person chose the format
   */
  private record Note(Path folder, Optional<Path> source, boolean chosen) {
    private static final String CHOSEN = "chosen";

    static Note read(Path file) throws IOException {
      var lines = Files.readAllLines(file);
      return new Note(
          Path.of(lines.getFirst()),
          lines.stream().skip(1).findFirst().filter(line -> !line.isEmpty()).map(Path::of),
          lines.size() > 2 && lines.get(2).equals(CHOSEN));
    }

    void write(Path file) throws IOException {
      Files.createDirectories(file.getParent());
      var origin = source.map(known -> known.toAbsolutePath().toString()).orElse("");
      Home.writePrivate(
          file, folder.toAbsolutePath() + "\n" + origin + "\n" + (chosen ? CHOSEN + "\n" : ""));
    }
  }

  public HomeModels(Home home, Path cache, InstantSource clock) {
    this(home, cache, false, clock);
  }

  /**
   * @param cuda whether a runner is on CUDA, where models in halves run and no others
   */
  public HomeModels(Home home, Path cache, boolean cuda, InstantSource clock) {
    this.folder = home.models();
    this.cache = cache;
    this.cuda = cuda;
    this.clock = clock;
  }

  private LinearFormat format() {
    return cuda ? new HalfFormat() : ServedFormat.choose();
  }

  /** The chat model that every home starts with, fetched and imported when it is not there yet. */
  public Entry chat(ImportProgress progress) throws IOException {
    var chosen = chosenChat();
    return chosen.isPresent()
        ? chosen.get()
        : entry(CHAT, preferred(new DefaultModels(cache).chat(format(), progress)));
  }

  /**
   * The stored format that a model is served in where nobody chose one: the best by what was
   * measured here, of those that may be a default; without a measurement what the import made. Told
   * once, so that nothing that is measured later changes what is being served.
   */
  private ModelFolder preferred(ModelFolder made) throws IOException {
    if (cuda) {
      return made;
    }
    var known = settled.get(made.digest());
    if (known != null) {
      return known;
    }
    var stored = StoredFormats.of(cache, made).defaults();
    var best = stored.best().map(DefaultFormat::row);
    var preferred =
        stored.folders().stream()
            .filter(folder -> best.filter(row -> row.model().equals(folder.digest())).isPresent())
            .findFirst()
            .orElse(made);
    settled.put(made.digest(), preferred);
    return preferred;
  }

  /** When a model was imported or a format chosen last; it never changes unnoticed. */
  public FileTime changedAt() throws IOException {
    return Files.isDirectory(folder) ? Files.getLastModifiedTime(folder) : FileTime.fromMillis(0);
  }

  /** Why a chat model is served in the format it is, in words. */
  public String why(String name, ModelFolder served) throws IOException {
    if (chosen(name)) {
      return "a person chose it";
    }
    var best = StoredFormats.of(cache, served).defaults().best();
    if (best.isEmpty()) {
      return "it is what models are imported in here; none is measured yet";
    }
    var row = best.get().row();
    return row.model().equals(served.digest())
        ? best.get().why()
        : "it was the best one known at the start; the next start serves %s, %s"
            .formatted(row.format(), best.get().why());
  }

  /** Whether a person chose the format that a model is served in. */
  public boolean chosen(String name) throws IOException {
    return note(name).map(Note::chosen).orElse(false);
  }

  /** The chat model in a format that was chosen for this home. */
  private Optional<Entry> chosenChat() throws IOException {
    return entered().stream().filter(entry -> entry.name().equals(CHAT)).findFirst();
  }

  /** The embedding model that every home starts with, fetched when it is not there yet. */
  public Entry embedding(ImportProgress progress) throws IOException {
    var files = new DefaultModels(cache).embedding(progress);
    return embeddingEntry(files.model());
  }

  private Entry embeddingEntry(Path graph) throws IOException {
    var digest = digests.get(graph);
    if (digest == null) {
      digest = "sha256:" + Digests.hex(graph, _ -> {});
      digests.put(graph, digest);
    }
    return new Entry(
        EMBEDDING,
        Objects.requireNonNull(graph.getParent()),
        new ModelVersion(
            digest,
            EMBEDDING,
            ModelVersion.Role.EMBEDDING,
            EMBEDDING_CONTEXT,
            EMBEDDING_LENGTH,
            clock.instant()));
  }

  /**
   * What was imported into this home, by name. A model whose files are gone, or were written by
   * another version, is left out.
   */
  public List<Entry> imported() throws IOException {
    return entered().stream().filter(entry -> !entry.name().equals(CHAT)).toList();
  }

  /** What this home has a file about: what was imported, and what a person chose a format of. */
  public List<Entry> entered() throws IOException {
    var entries = new ArrayList<Entry>();
    if (!Files.isDirectory(folder)) {
      return entries;
    }
    try (var files = Files.list(folder)) {
      for (var file : files.sorted().toList()) {
        var note = Note.read(file);
        if (!Files.isDirectory(note.folder())) {
          continue;
        }
        var name = file.getFileName().toString();
        try {
          entries.add(served(name, note));
        } catch (ImportException | IOException unusable) {
          continue;
        }
      }
    }
    return entries;
  }

  private Entry preferred(String name, Path place) throws IOException {
    return EncoderFolder.is(place)
        ? open(name, place)
        : entry(name, preferred(ModelFolder.open(place)));
  }

  private Entry served(String name, Note note) throws IOException {
    if (cuda && !EncoderFolder.is(note.folder())) {
      return entry(name, inHalves(ModelFolder.open(note.folder()), note.source()));
    }
    return note.chosen() ? open(name, note.folder()) : preferred(name, note.folder());
  }

  /** The same model in halves, imported when it is not there yet and its source is. */
  private ModelFolder inHalves(ModelFolder model, Optional<Path> source) throws IOException {
    var importer = new ModelImport(cache, new HalfFormat());
    var known = importer.find(model.manifest().source().sha256());
    if (known.isPresent()) {
      return known.get();
    }
    // Without a source the runner says that CUDA cannot run it.
    return source.filter(Files::isReadable).isEmpty()
        ? model
        : importer.run(source.get(), null, ImportProgress.NONE);
  }

  /**
   * A model folder that need not be of this home.
   *
   * @param name what clients will call it
   */
  public Entry open(String name, Path place) throws IOException {
    return EncoderFolder.is(place)
        ? entry(name, EncoderFolder.open(place))
        : entry(name, ModelFolder.open(place));
  }

  /** What can be served without fetching anything. */
  public List<Entry> present() throws IOException {
    var entries = new ArrayList<Entry>();
    var chosen = chosenChat();
    chosen.ifPresent(entries::add);
    if (chosen.isEmpty()) {
      var made = new DefaultModels(cache).importedChat(format());
      if (made.isPresent()) {
        entries.add(entry(CHAT, preferred(made.get())));
      }
    }
    var downloads = cache.resolve("downloads");
    if (Files.isDirectory(downloads)) {
      try (var files = Files.walk(downloads, 3)) {
        var graph = files.filter(file -> file.endsWith(EMBEDDING + "-q.onnx")).findFirst();
        if (graph.isPresent()) {
          entries.add(embeddingEntry(graph.get()));
        }
      }
    }
    entries.addAll(imported());
    return entries;
  }

  /**
   * Imports a GGUF file, or an exported encoder, into this home.
   *
   * @param name what clients will call; null takes it from the file
   */
  public Entry importFile(Path file, @Nullable String name, ImportProgress progress)
      throws IOException {
    if (name != null) {
      requireName(name);
    }
    if (!Files.isReadable(file)) {
      throw new UsageException("cannot read " + file);
    }
    if (EncoderImport.recognises(file)) {
      var encoder = new EncoderImport(cache).run(file, progress);
      return entry(enter(name, encoder.manifest().name(), encoder.path(), file), encoder);
    }
    var model = new ModelImport(cache, format()).run(file, null, progress);
    return entry(enter(name, model.manifest().name(), model.path(), file), model);
  }

  /** Returns what clients will call it. */
  private String enter(@Nullable String name, String title, Path place, Path source)
      throws IOException {
    var called = name == null ? nameOf(title) : name;
    requireName(called);
    new Note(place, Optional.of(source), false).write(folder.resolve(called));
    return called;
  }

  /** Serves a model in a format that a person chose; a Postern that runs takes it over soon. */
  public void serve(String name, ModelFolder model) throws IOException {
    var source = note(name).flatMap(Note::source);
    new Note(model.path(), source, true).write(folder.resolve(name));
  }

  private Optional<Note> note(String name) throws IOException {
    var file = folder.resolve(name);
    return NAME.matcher(name).matches() && Files.isRegularFile(file)
        ? Optional.of(Note.read(file))
        : Optional.empty();
  }

  /**
   * The file that a model was imported from, to import it again in another format.
   *
   * @throws UsageException where it is not known or no longer there
   */
  public Path source(String name) throws IOException {
    if (name.equals(CHAT)) {
      return new DefaultModels(cache).chatFile(ImportProgress.NONE);
    }
    return note(name)
        .flatMap(Note::source)
        .filter(Files::isReadable)
        .orElseThrow(() ->
            new UsageException(
                "the file that "
                    + name
                    + " was imported from is not there; give it with --source"));
  }

  private static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new UsageException(
          "a model's name has letters, digits, dots, dashes and underscores, at most 64: " + name);
    }
    if (name.equals(CHAT) || name.equals(EMBEDDING)) {
      throw new UsageException(name + " is the name of a model that comes with Postern");
    }
  }

  private static String nameOf(String title) {
    var plain = title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
    var trimmed = plain.replaceAll("^[^a-z0-9]+|-+$", "");
    return trimmed.length() > 64 ? trimmed.substring(0, 64) : trimmed;
  }

  private Entry entry(String name, ModelFolder model) {
    var manifest = model.manifest();
    return new Entry(
        name,
        model.path(),
        new ModelVersion(
            model.digest(),
            manifest.name(),
            ModelVersion.Role.CHAT,
            manifest.contextLength(),
            manifest.architecture().width(),
            clock.instant()));
  }

  private Entry entry(String name, EncoderFolder model) {
    var manifest = model.manifest();
    return new Entry(
        name,
        model.path(),
        new ModelVersion(
            model.digest(),
            manifest.name(),
            switch (manifest.settings().role()) {
              case EMBEDDING -> ModelVersion.Role.EMBEDDING;
              case CLASSIFIER -> ModelVersion.Role.CLASSIFIER;
              case RERANKER -> ModelVersion.Role.RERANKER;
            },
            manifest.settings().maxTokens(),
            manifest.width(),
            clock.instant()));
  }
}
