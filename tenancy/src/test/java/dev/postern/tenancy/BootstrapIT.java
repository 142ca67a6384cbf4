package dev.postern.tenancy;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@ExtendWith(VertxExtension.class)
class BootstrapIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private final SettableClock clock = SettableClock.create();

  @Test
  void happensOnceHoweverManyGatewaysStart(Vertx vertx) {
    var first = TestTenancy.open(vertx, POSTGRES, clock);
    var second = TestTenancy.open(vertx, POSTGRES, clock);
    var both =
        await(
            Future.join(
                first.bootstrap().run("Acme", "admin@example.com"),
                second.bootstrap().run("Acme", "admin@example.com")));
    var created =
        both.<Optional<Bootstrap.Created>>list().stream()
            .filter(Objects::nonNull)
            .flatMap(Optional::stream)
            .toList();
    assertThat(created).hasSize(1);
    assertThat(await(first.bootstrap().run("Other", "other@example.com"))).isEmpty();
    everythingWorks(first, created.getFirst());
  }

  private static void everythingWorks(Tenancy tenancy, Bootstrap.Created created) {
    var tenant = created.organisation().id();
    assertThat(await(tenancy.organisations().get(tenant))).isEqualTo(created.organisation());
    assertThat(created.project().name()).isEqualTo("Default");
    assertThat(created.admin().role()).isEqualTo(User.Role.OWNER);
    assertThat(created.toString())
        .doesNotContain(
            created.adminPassword(), created.projectKey().secret(), created.adminKey().secret());

    var projectKey = await(tenancy.apiKeys().authenticate(created.projectKey().secret()));
    assertThat(projectKey.kind()).isEqualTo(Principal.Kind.PROJECT_KEY);
    assertThat(projectKey.project()).isEqualTo(created.project().id());
    var adminKey = await(tenancy.apiKeys().authenticate(created.adminKey().secret()));
    assertThat(adminKey.kind()).isEqualTo(Principal.Kind.ADMIN_KEY);
    assertThat(adminKey.tenant()).isEqualTo(tenant);
    var session =
        await(tenancy.sessions().signIn("admin@example.com", created.adminPassword(), "192.0.2.1"))
            .session();
    assertThat(session.user()).isEqualTo(created.admin());
    assertThat(await(tenancy.auditLog().firstBroken(tenant))).isEmpty();
  }
}
