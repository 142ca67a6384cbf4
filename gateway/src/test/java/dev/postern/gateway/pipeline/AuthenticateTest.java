package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.testing.FakeKeys;
import dev.postern.gateway.testing.GatewayBed;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import java.util.EnumSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AuthenticateTest {
  private static final String PROJECT = WireId.PROJECT.format(GatewayBed.PROJECT.value());
  private static final Principal PROJECT_KEY =
      new Principal(
          Principal.Kind.PROJECT_KEY, GatewayBed.TENANT, GatewayBed.PROJECT, new UUID(1, 3), "key");
  private static final Principal ADMIN_KEY =
      new Principal(Principal.Kind.ADMIN_KEY, GatewayBed.TENANT, null, new UUID(1, 4), "admin key");
  private static final Principal USER =
      new Principal(Principal.Kind.SESSION, GatewayBed.TENANT, null, new UUID(1, 5), "user");

  private final Authenticate authenticate =
      new Authenticate(
          new FakeKeys().add("project", PROJECT_KEY).add("admin", ADMIN_KEY),
          visit -> Future.succeededFuture(USER));

  @Test
  void aProjectKeyCallsForItsProject() {
    var caller = authenticate.caller(bearer("project", null, null)).result();

    assertThat(caller.principal()).isEqualTo(PROJECT_KEY);
    assertThat(caller.project()).isEqualTo(GatewayBed.PROJECT);
  }

  @Test
  void anAdminKeyMayNotCallModelsAndAProjectKeyMayNotAdminister() {
    assertThat(wireFailure(authenticate.caller(bearer("admin", null, null))))
        .isInstanceOf(WireFailure.WrongKeyKind.class);
    assertThat(
            wireFailure(
                authenticate.principal(
                    bearer("project", null, null), EnumSet.of(Principal.Kind.ADMIN_KEY))))
        .isInstanceOf(WireFailure.WrongKeyKind.class);
  }

  @Test
  void withoutAnyProofThereIsNoCaller() {
    assertThat(wireFailure(authenticate.caller(credentials(null, null, null, null))))
        .isInstanceOf(WireFailure.MissingKey.class);
  }

  @Test
  void anUnknownKeyIsABadKey() {
    assertThat(authenticate.caller(bearer("unknown", null, null)).cause())
        .isInstanceOfSatisfying(
            TenancyException.class,
            e -> assertThat(e.failure()).isInstanceOf(TenancyFailure.BadKey.class));
  }

  @Test
  void theKeyWinsOverTheCookie() {
    var both = credentials("project", "token", null, null);

    assertThat(authenticate.caller(both).result().principal()).isEqualTo(PROJECT_KEY);
  }

  @Test
  void namedScopesMustBeTheKeysOwn() {
    var organization = WireId.ORGANISATION.format(GatewayBed.TENANT.value());
    assertThat(authenticate.caller(bearer("project", organization, PROJECT)).succeeded()).isTrue();
    assertThat(wireFailure(authenticate.caller(bearer("project", "org-x", null))))
        .isEqualTo(new WireFailure.ForeignScope("OpenAI-Organization"));
    assertThat(wireFailure(authenticate.caller(bearer("project", null, "proj_x"))))
        .isEqualTo(new WireFailure.ForeignScope("OpenAI-Project"));
  }

  @Test
  void aSessionNamesItsProject() {
    var caller = authenticate.caller(credentials(null, "token", null, PROJECT)).result();
    assertThat(caller.project()).isEqualTo(GatewayBed.PROJECT);

    assertThat(wireFailure(authenticate.caller(credentials(null, "token", null, null))))
        .isInstanceOf(WireFailure.MissingProject.class);
    assertThat(authenticate.caller(credentials(null, "token", null, "nonsense")).cause())
        .isInstanceOfSatisfying(
            TenancyException.class,
            e -> assertThat(e.failure()).isInstanceOf(TenancyFailure.NotFound.class));
  }

  @Test
  void credentialsDoNotShowTheirSecrets() {
    assertThat(credentials("secret-key", "secret-cookie", null, null).toString())
        .doesNotContain("secret");
  }

  private static Credentials bearer(
      String key, @Nullable String organization, @Nullable String project) {
    return new Credentials(key, null, null, organization, project, true);
  }

  private static Credentials credentials(
      @Nullable String key,
      @Nullable String session,
      @Nullable String organization,
      @Nullable String project) {
    return new Credentials(key, session, "csrf", organization, project, true);
  }

  private static WireFailure wireFailure(Future<?> future) {
    return ((WireException) future.cause()).failure();
  }
}
