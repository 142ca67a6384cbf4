package dev.postern.tenancy;

import static dev.postern.tenancy.Refusals.refusal;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@ExtendWith(VertxExtension.class)
class AuditLogIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private final SettableClock clock = SettableClock.create();
  private Vertx vertx;
  private Tenancy tenancy;
  private Principal one;
  private Principal other;

  @BeforeEach
  void twoOrganisations(Vertx vertx) {
    this.vertx = vertx;
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    one = TestTenancy.admin(await(tenancy.organisations().create("One")));
    other = TestTenancy.admin(await(tenancy.organisations().create("Other")));
  }

  @Test
  void holdsEveryChangeWithItsActorAndNoSecret() {
    var project = await(tenancy.projects().create(one, "Alpha"));
    var key = await(tenancy.apiKeys().issueForProject(one, project.id(), "Key", null));
    await(tenancy.apiKeys().revoke(one, project.id(), key.key().id()));
    var account = await(tenancy.serviceAccounts().create(one, project.id(), "Robot"));
    await(tenancy.serviceAccounts().delete(one, project.id(), account.account().id()));
    await(tenancy.projects().rename(one, project.id(), "Beta"));
    await(tenancy.projects().archive(one, project.id()));
    await(tenancy.projects().archive(one, project.id()));

    var entries = list(one, AuditLog.Filter.ALL, PageRequest.FIRST).data();
    assertThat(entries)
        .extracting(entry -> entry.change().type())
        .containsExactly(
            "project.archived",
            "project.updated",
            "service_account.deleted",
            "api_key.created",
            "service_account.created",
            "api_key.deleted",
            "api_key.created",
            "project.created");
    assertThat(entries).extracting(AuditLog.Entry::number).startsWith(8L).endsWith(1L);
    assertThat(entries)
        .allSatisfy(entry -> {
          assertThat(entry.at()).isEqualTo(clock.instant());
          assertThat(entry.change().actor()).isEqualTo(Actor.of(one));
          assertThat(entry.change().project()).isEqualTo(project.id());
          assertThat(entry.change().detail().encode())
              .doesNotContain(key.secret().substring(8), account.key().secret().substring(11));
        });
    assertThat(entries.getLast().change().resource())
        .isEqualTo(WireId.PROJECT.format(project.id().value()));
  }

  @Test
  void isNotWrittenWhenTheChangeFails() {
    var work =
        tenancy
            .db()
            .inTenant(
                one.tenant(),
                connection ->
                    tenancy
                        .auditLog()
                        .append(connection, change("project.created"))
                        .compose(done -> Future.failedFuture("the change failed")));
    assertThatThrownBy(() -> await(work)).hasMessage("the change failed");
    assertThat(list(one, AuditLog.Filter.ALL, PageRequest.FIRST).data()).isEmpty();
  }

  @Test
  void isSeenByItsTenantAlone() {
    append(1);
    assertThat(list(one, AuditLog.Filter.ALL, PageRequest.FIRST).data()).hasSize(1);
    assertThat(list(other, AuditLog.Filter.ALL, PageRequest.FIRST).data()).isEmpty();
    for (var table : List.of("audit_log", "audit_heads")) {
      var seen =
          await(tenancy.db().asSystem(connection -> connection.query("TABLE " + table).execute()));
      assertThat(seen.size()).isZero();
    }
  }

  @Test
  void cannotBeWrittenWithoutATenant() {
    assertThatThrownBy(() ->
            await(
                tenancy
                    .db()
                    .asSystem(connection -> tenancy.auditLog().append(connection, change("x.y")))))
        .hasMessageContaining("belongs to a tenant");
  }

  @Test
  void cannotBeChangedByTheApplication() {
    append(1);
    for (var statement :
        List.of(
            "UPDATE audit_log SET actor_name = 'nobody'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "INSERT INTO audit_log SELECT * FROM audit_log",
            "UPDATE audit_heads SET number = 0",
            "DELETE FROM audit_heads")) {
      assertThatThrownBy(() ->
              await(
                  tenancy
                      .db()
                      .inTenant(one.tenant(), connection -> connection.query(statement).execute())))
          .as(statement)
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void isWholeAsLongAsNobodyTouchesIt() {
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).isEmpty();
    append(5);
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).isEmpty();
  }

  @Test
  void showsAnEntryThatWasChanged() {
    append(5);
    tamper("UPDATE audit_log SET actor_name = 'nobody' WHERE tenant_id = $1 AND number = 3");
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).hasValue(3);
  }

  @Test
  void showsAnEntryThatWasRemovedFromTheMiddle() {
    append(5);
    tamper("DELETE FROM audit_log WHERE tenant_id = $1 AND number = 3");
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).hasValue(3);
  }

  @Test
  void showsEntriesThatWereCutOffAtEitherEnd() {
    append(5);
    tamper("DELETE FROM audit_log WHERE tenant_id = $1 AND number = 5");
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).hasValue(5);
    tamper("DELETE FROM audit_log WHERE tenant_id = $1 AND number = 1");
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).hasValue(1);
    tamper("DELETE FROM audit_log WHERE tenant_id = $1");
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).hasValue(1);
  }

  @Test
  void numbersConcurrentChangesWithoutAGap() {
    await(
        Future.join(
            IntStream.range(0, 20)
                .mapToObj(i -> tenancy.projects().create(one, "Project " + i))
                .toList()));
    assertThat(list(one, AuditLog.Filter.ALL, new PageRequest(null, 100)).data())
        .extracting(entry -> entry.number())
        .containsExactlyElementsOf(LongStream.rangeClosed(1, 20).map(i -> 21 - i).boxed().toList());
    assertThat(await(tenancy.auditLog().firstBroken(one.tenant()))).isEmpty();
  }

  @Test
  void pagesForwardAndBack() {
    append(5);
    var all = list(one, AuditLog.Filter.ALL, PageRequest.FIRST).data();
    var first = list(one, AuditLog.Filter.ALL, new PageRequest(null, 2));
    assertThat(first).isEqualTo(new Page<>(all.subList(0, 2), true));
    var last = list(one, AuditLog.Filter.ALL, new PageRequest(all.get(2).id(), 2));
    assertThat(last).isEqualTo(new Page<>(all.subList(3, 5), false));
    var back = list(one, before(all.get(3).id()), new PageRequest(null, 2));
    assertThat(back).isEqualTo(new Page<>(all.subList(1, 3), true));
    var start = list(one, before(all.get(2).id()), new PageRequest(null, 2));
    assertThat(start).isEqualTo(new Page<>(all.subList(0, 2), false));
    assertThat(
            refusal(
                tenancy
                    .auditLog()
                    .list(
                        other.tenant(),
                        AuditLog.Filter.ALL,
                        new PageRequest(all.getFirst().id(), 2))))
        .isEqualTo(WireId.AUDIT_LOG.notFound(all.getFirst().id()));
  }

  @Test
  void isFilteredByTimeProjectTypeActorAndResource() {
    var alpha = await(tenancy.projects().create(one, "Alpha"));
    clock.advance(Duration.ofHours(1));
    var second = clock.instant();
    var beta = await(tenancy.projects().create(one, "Beta"));
    await(tenancy.projects().rename(one, beta.id(), "Gamma"));

    assertThat(filtered(new AuditLog.Filter(second, null, none(), none(), none(), none(), null)))
        .isEqualTo(2);
    assertThat(
            filtered(
                new AuditLog.Filter(
                    null, second.minusSeconds(1), none(), none(), none(), none(), null)))
        .isEqualTo(1);
    assertThat(
            filtered(
                new AuditLog.Filter(null, null, List.of(alpha.id()), none(), none(), none(), null)))
        .isEqualTo(1);
    assertThat(
            filtered(
                new AuditLog.Filter(
                    null, null, none(), List.of("project.updated"), none(), none(), null)))
        .isEqualTo(1);
    assertThat(
            filtered(
                new AuditLog.Filter(null, null, none(), none(), List.of(one.id()), none(), null)))
        .isEqualTo(3);
    assertThat(
            filtered(
                new AuditLog.Filter(
                    null, null, none(), none(), List.of(UUID.randomUUID()), none(), null)))
        .isZero();
    assertThat(
            filtered(
                new AuditLog.Filter(
                    null,
                    null,
                    none(),
                    none(),
                    none(),
                    List.of(WireId.PROJECT.format(beta.id().value())),
                    null)))
        .isEqualTo(2);
  }

  private int filtered(AuditLog.Filter filter) {
    return list(one, filter, PageRequest.FIRST).data().size();
  }

  private static <T> List<T> none() {
    return List.of();
  }

  private static AuditLog.Filter before(UUID id) {
    return new AuditLog.Filter(null, null, none(), none(), none(), none(), id);
  }

  private Page<AuditLog.Entry> list(Principal who, AuditLog.Filter filter, PageRequest page) {
    return await(tenancy.auditLog().list(who.tenant(), filter, page));
  }

  private void append(int count) {
    for (var i = 0; i < count; i++) {
      await(
          tenancy
              .db()
              .inTenant(
                  one.tenant(),
                  connection -> tenancy.auditLog().append(connection, change("test.done"))));
    }
  }

  private static AuditLog.Change change(String type) {
    return new AuditLog.Change(
        Actor.SYSTEM, type, null, "thing_1", new JsonObject().put("id", "thing_1"));
  }

  private void tamper(String sql) {
    var changed =
        await(POSTGRES.ownerPool(vertx).preparedQuery(sql).execute(Tuple.of(one.tenant().value())));
    assertThat(changed.rowCount()).isPositive();
  }
}
