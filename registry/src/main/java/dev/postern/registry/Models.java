package dev.postern.registry;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.List;

/** The model versions of this installation: immutable, named by the digest of what they are. */
public interface Models {

  /** Adds a version. One that is there already stays as it is. */
  Future<Stored> register(Stored version);

  /** All versions, newest first. */
  Future<List<Stored>> list();

  /**
   * One version; fails with {@link RegistryFailure.ModelNotFound} for an unknown digest.
   *
   * @param digest {@code sha256:…}
   */
  Future<Stored> get(String digest);

  /**
   * A version and where it is kept.
   *
   * @param folder where the importer put it, below the installation's model folder
   * @param manifest what the importer wrote about it
   */
  record Stored(ModelVersion version, String folder, JsonObject manifest) {}
}
