package dev.postern.ops.jobs;

import dev.postern.gateway.admin.InstalledModel;
import dev.postern.gateway.admin.InstalledModels;
import dev.postern.ops.HomeModels;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.quality.ModelFacts;
import dev.postern.runners.quality.QualityRow;
import dev.postern.runners.quality.StoredFormats;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The models of a home, read from its folder and the cache away from the event loops. */
final class HomeShelf implements InstalledModels {
  private final Vertx vertx;
  private final HomeModels models;
  private final Path cache;

  HomeShelf(Vertx vertx, HomeModels models, Path cache) {
    this.vertx = vertx;
    this.models = models;
    this.cache = cache;
  }

  @Override
  public Future<List<InstalledModel>> list() {
    return vertx.executeBlocking(
        () -> {
          var all = new ArrayList<InstalledModel>();
          for (var entry : models.present()) {
            all.add(model(entry));
          }
          return List.copyOf(all);
        },
        false);
  }

  @Override
  public Future<InstalledModel> get(String name) {
    return vertx.executeBlocking(() -> model(entry(name)), false);
  }

  @Override
  public Future<InstalledModel> serve(String name, String digest) {
    return vertx.executeBlocking(() -> {
      var entry = entry(name);
      if (entry.version().role() != ModelVersion.Role.CHAT) {
        throw invalid("An encoder has one format.");
      }
      var stored = StoredFormats.of(cache, ModelFolder.open(entry.folder()));
      var folder =
          stored.folders().stream()
              .filter(candidate -> candidate.digest().equals(digest))
              .findFirst()
              .orElseThrow(() -> invalid("No format of this model has the digest " + digest));
      if (!ServedFormat.servesHere(folder.manifest().weights())) {
        throw invalid("This machine's processor gets this format wrong.");
      }
      models.serve(name, folder);
      return model(entry(name));
    });
  }

  private static TenancyException invalid(String message) {
    return new TenancyException(new TenancyFailure.Invalid("digest", message));
  }

  private HomeModels.Entry entry(String name) throws IOException {
    return models.present().stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new RegistryException(new RegistryFailure.ModelNotFound(name)));
  }

  InstalledModel model(HomeModels.Entry entry) throws IOException {
    if (entry.version().role() != ModelVersion.Role.CHAT) {
      return new InstalledModel(entry.name(), entry.version(), null, List.of(), null);
    }
    var folder = ModelFolder.open(entry.folder());
    var stored = StoredFormats.of(cache, folder);
    return new InstalledModel(
        entry.name(),
        entry.version(),
        card(ModelFacts.of(folder)),
        stored.formats().stream().map(format -> format(format, folder)).toList(),
        models.why(entry.name(), folder));
  }

  private static InstalledModel.Format format(
      StoredFormats.StoredFormat format, ModelFolder served) {
    var manifest = format.folder().manifest();
    return new InstalledModel.Format(
        manifest.weights(),
        format.folder().digest(),
        manifest.bytes(),
        format.folder().digest().equals(served.digest()),
        ServedFormat.servesHere(manifest.weights()),
        quality(format.row().orElse(null)));
  }

  private static InstalledModel.@Nullable Quality quality(@Nullable QualityRow row) {
    return row == null
        ? null
        : new InstalledModel.Quality(
            row.speed(),
            row.speedOfEight(),
            row.divergence(),
            row.perplexity(),
            row.perplexityChange(),
            row.agreement(),
            row.positions(),
            row.faithful(),
            row.measuredAt());
  }

  private static InstalledModel.Card card(ModelFacts facts) {
    return new InstalledModel.Card(
        facts.title(),
        facts.source(),
        facts.sourceDigest(),
        facts.licence(),
        facts.family(),
        facts.architecture(),
        facts.layers(),
        facts.parameters(),
        facts.parts().stream()
            .map(part -> new InstalledModel.Part(part.name(), part.parameters()))
            .toList(),
        facts.tokenizer(),
        facts.vocabulary(),
        facts.templated());
  }
}
