package dev.postern.ops;

import java.util.List;
import org.flywaydb.core.Flyway;

/** Brings the schema up to date. Each module numbers its own files, so each has its own history. */
public final class Migrations {
  /** In the order of dependency: the registry's tables refer to tenancy's. */
  private static final List<String> MODULES = List.of("tenancy", "registry");

  private Migrations() {}

  /**
   * Runs what is missing, as the owner of the schema.
   *
   * @return how many files were run
   */
  public static int run(String jdbcUrl, String owner, String password) {
    int executed = 0;
    for (var module : MODULES) {
      executed +=
          Flyway.configure()
              .dataSource(jdbcUrl, owner, password)
              .locations("classpath:db/" + module)
              .table("schema_history_" + module)
              // The other module's tables are there already, without an entry in this history.
              .baselineOnMigrate(true)
              .baselineVersion("0")
              .failOnMissingLocations(false)
              .load()
              .migrate()
              .migrationsExecuted;
    }
    return executed;
  }
}
