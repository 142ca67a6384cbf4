package dev.postern.tenancy;

import static dev.postern.tenancy.Refusals.refusal;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.util.ArrayList;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Organisations, projects and service accounts. */
@ExtendWith(VertxExtension.class)
class ProjectsIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private final SettableClock clock = SettableClock.create();
  private Tenancy tenancy;
  private Principal one;
  private Principal other;

  @BeforeEach
  void twoOrganisations(Vertx vertx) {
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    one = TestTenancy.admin(await(tenancy.organisations().create("One")));
    other = TestTenancy.admin(await(tenancy.organisations().create("Other")));
  }

  @Test
  void areSeenByTheirTenantAlone() {
    var project = await(tenancy.projects().create(one, " Alpha "));
    assertThat(project.name()).isEqualTo("Alpha");
    assertThat(await(tenancy.projects().get(one.tenant(), project.id()))).isEqualTo(project);
    assertThat(refusal(tenancy.projects().get(other.tenant(), project.id())))
        .isEqualTo(WireId.PROJECT.notFound(project.id().value()));
    assertThat(await(tenancy.projects().list(other.tenant(), true, PageRequest.FIRST)).data())
        .isEmpty();
  }

  @Test
  void areNotThereWithoutATenant() {
    await(tenancy.projects().create(one, "Alpha"));
    var seen =
        await(tenancy.db().asSystem(connection -> connection.query("TABLE projects").execute()));
    assertThat(seen.size()).isZero();
  }

  @Test
  void cannotBeChangedByAnotherTenant() {
    var project = await(tenancy.projects().create(one, "Alpha"));
    var unknown = WireId.PROJECT.notFound(project.id().value());
    assertThat(refusal(tenancy.projects().rename(other, project.id(), "Mine"))).isEqualTo(unknown);
    assertThat(refusal(tenancy.projects().archive(other, project.id()))).isEqualTo(unknown);
    assertThat(refusal(tenancy.serviceAccounts().create(other, project.id(), "Robot")))
        .isEqualTo(unknown);
    assertThat(await(tenancy.projects().get(one.tenant(), project.id()))).isEqualTo(project);
  }

  @Test
  void cannotBeWrittenForAnotherTenantEvenByOurOwnSql() {
    var insert =
        tenancy
            .db()
            .inTenant(
                one.tenant(),
                connection ->
                    connection
                        .preparedQuery("INSERT INTO projects VALUES ($1, $2, 'Theirs', now())")
                        .execute(
                            io.vertx.sqlclient.Tuple.of(
                                UUID.randomUUID(), other.tenant().value())));
    assertThat(insert)
        .satisfies(future ->
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> await(future))
                .hasMessageContaining("row-level security"));
  }

  @Test
  void arePagedNewestFirst() {
    var made = new ArrayList<Project>();
    for (var name : new String[] {"A", "B", "C", "D", "E"}) {
      made.addFirst(await(tenancy.projects().create(one, name)));
    }
    var first = await(tenancy.projects().list(one.tenant(), false, new PageRequest(null, 2)));
    assertThat(first.data()).isEqualTo(made.subList(0, 2));
    assertThat(first.hasMore()).isTrue();
    var after = made.get(2).id().value();
    var last = await(tenancy.projects().list(one.tenant(), false, new PageRequest(after, 2)));
    assertThat(last.data()).isEqualTo(made.subList(3, 5));
    assertThat(last.hasMore()).isFalse();
  }

  @Test
  void refuseACursorThatIsNotTheirs() {
    var foreign = await(tenancy.projects().create(other, "Theirs"));
    await(tenancy.projects().create(one, "Mine"));
    assertThat(
            refusal(
                tenancy
                    .projects()
                    .list(one.tenant(), false, new PageRequest(foreign.id().value(), 2))))
        .isEqualTo(WireId.PROJECT.notFound(foreign.id().value()));
  }

  @Test
  void endForGoodWhenArchived() {
    var project = await(tenancy.projects().create(one, "Alpha"));
    var archived = await(tenancy.projects().archive(one, project.id()));
    assertThat(archived.archivedAt()).isEqualTo(clock.instant());
    assertThat(await(tenancy.projects().archive(one, project.id()))).isEqualTo(archived);
    assertThat(await(tenancy.projects().list(one.tenant(), false, PageRequest.FIRST)).data())
        .isEmpty();
    assertThat(await(tenancy.projects().list(one.tenant(), true, PageRequest.FIRST)).data())
        .containsExactly(archived);
    assertThat(refusal(tenancy.projects().rename(one, project.id(), "Beta")))
        .isInstanceOf(TenancyFailure.Conflict.class);
    assertThat(refusal(tenancy.apiKeys().issueForProject(one, project.id(), "Key", null)))
        .isInstanceOf(TenancyFailure.Conflict.class);
  }

  @Test
  void refuseNamesThatAreNone() {
    for (var name : new String[] {"", "  ", "a\u0000b", "a\nb", "x".repeat(201)}) {
      assertThat(refusal(tenancy.projects().create(one, name)))
          .isInstanceOfSatisfying(
              TenancyFailure.Invalid.class,
              invalid -> assertThat(invalid.param()).isEqualTo("name"));
    }
  }

  @Test
  void haveServiceAccountsWhoseKeyEndsWithThem() {
    var project = await(tenancy.projects().create(one, "Alpha"));
    var created = await(tenancy.serviceAccounts().create(one, project.id(), "Robot"));
    var account = created.account();
    assertThat(created.key().secret()).startsWith("sk-svcacct-");
    assertThat(await(tenancy.apiKeys().authenticate(created.key().secret())).project())
        .isEqualTo(project.id());
    assertThat(await(tenancy.serviceAccounts().get(one.tenant(), project.id(), account.id())))
        .isEqualTo(account);
    assertThat(refusal(tenancy.serviceAccounts().get(other.tenant(), project.id(), account.id())))
        .isEqualTo(WireId.SERVICE_ACCOUNT.notFound(account.id()));

    await(tenancy.serviceAccounts().delete(one, project.id(), account.id()));
    assertThat(refusal(tenancy.apiKeys().authenticate(created.key().secret())))
        .isEqualTo(new TenancyFailure.BadKey());
    assertThat(
            await(tenancy.serviceAccounts().list(one.tenant(), project.id(), PageRequest.FIRST))
                .data())
        .isEmpty();
  }
}
