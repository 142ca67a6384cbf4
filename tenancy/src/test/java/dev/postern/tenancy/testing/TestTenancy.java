package dev.postern.tenancy.testing;

import static dev.postern.tenancy.testing.TestPostgres.await;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.TenancyConfig;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;

/** The module on a test's database, with passwords that are quick to check. */
public final class TestTenancy {
  private TestTenancy() {}

  /**
   * Every instance has the same pepper, like the gateways of one installation, and a spool of its
   * own.
   */
  public static TenancyConfig config() {
    var signIn = TenancyConfig.SignIn.DEFAULTS;
    return new TenancyConfig(
        new Pepper(new byte[32]),
        Duration.ofSeconds(10),
        TenancyConfig.KeyCache.DEFAULTS,
        new TenancyConfig.SignIn(
            signIn.sessionTtl(),
            signIn.window(),
            signIn.maxPerAccount(),
            signIn.maxPerAddress(),
            signIn.maxPerEmail(),
            1_000),
        Path.of("target", "spool", UUID.randomUUID().toString()),
        DefaultLimits.STANDARD);
  }

  public static Tenancy open(Vertx vertx, TestPostgres postgres, InstantSource clock) {
    return await(Tenancy.open(vertx, postgres.options(), postgres.pool(vertx), config(), clock));
  }

  /** Somebody who may do anything in the organisation. */
  public static Principal admin(Organisation organisation) {
    return new Principal(
        Principal.Kind.SESSION, organisation.id(), null, new UUID(0, 7), "admin@example.com");
  }
}
