package dev.postern.tenancy;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.tenancy.testing.TestPostgres;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The second wall, whatever our own SQL says. */
@ExtendWith(VertxExtension.class)
class RowSecurityIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private Pool application;
  private Pool owner;

  @BeforeEach
  void connect(Vertx vertx) {
    application = POSTGRES.pool(vertx);
    owner = POSTGRES.ownerPool(vertx);
  }

  @Test
  void theApplicationRoleHasNoPowerToBypassIt() {
    var role =
        one(
            application,
            """
            SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
              (SELECT count(*) FROM pg_auth_members WHERE member = r.oid) AS memberships
            FROM pg_roles r WHERE rolname = current_user
            """);
    assertThat(role.getBoolean("rolsuper")).isFalse();
    assertThat(role.getBoolean("rolbypassrls")).isFalse();
    assertThat(role.getBoolean("rolcreaterole")).isFalse();
    assertThat(role.getBoolean("rolcreatedb")).isFalse();
    assertThat(role.getLong("memberships")).isZero();
  }

  @Test
  void theApplicationRoleOwnsNothing() {
    assertThat(
            strings(
                application,
                """
                SELECT relname::text FROM pg_class WHERE relowner = current_user::regrole
                UNION ALL SELECT proname::text FROM pg_proc WHERE proowner = current_user::regrole
                """))
        .isEmpty();
  }

  @Test
  void theApplicationRoleCannotBecomeAnother() {
    for (var statement :
        List.of(
            "SET ROLE postern",
            "SET SESSION AUTHORIZATION postgres",
            "ALTER TABLE projects NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE projects DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant ON projects",
            "ALTER ROLE postern_app BYPASSRLS",
            "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "TRUNCATE projects")) {
      assertThatThrownBy(() -> rows(application, statement))
          .as(statement)
          .hasMessageContaining("42501");
    }
  }

  @Test
  void everyTableWithATenantIsProtected() {
    assertThat(
            strings(
                owner,
                """
                SELECT c.relname::text FROM pg_class c
                WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
                  AND NOT c.relispartition AND NOT c.relrowsecurity
                  AND EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
                  AND has_any_column_privilege('postern_app', c.oid, 'SELECT, INSERT, UPDATE')
                """))
        .isEmpty();
  }

  @Test
  void everyDefinerFunctionFixesItsSearchPath() {
    assertThat(
            strings(
                owner,
                """
                SELECT proname::text FROM pg_proc
                WHERE prosecdef AND pronamespace IN ('public'::regnamespace, 'door'::regnamespace)
                  AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                    WHERE setting LIKE 'search_path=%')
                """))
        .isEmpty();
  }

  @Test
  void noTableOfATenantShowsARowWithoutATenant() {
    await(
        owner
            .preparedQuery("INSERT INTO organisations VALUES (gen_random_uuid(), 'One', now())")
            .execute());
    for (var table :
        List.of("organisations", "projects", "sessions", "service_accounts", "api_keys")) {
      assertThat(rows(application, "SELECT * FROM " + table).size()).as(table).isZero();
    }
    assertThat(rows(owner, "SELECT * FROM organisations").size()).isPositive();
  }

  @Test
  void theApplicationRoleCannotReadPasswords() {
    assertThatThrownBy(() -> rows(application, "SELECT password_hash FROM users"))
        .hasMessageContaining("permission denied");
  }

  @Test
  void theTenantOfOneTransactionIsGoneInTheNext() {
    var db = new TenantDb(application, Duration.ofSeconds(5));
    var tenant = new TenantId(UUID.randomUUID());
    var within =
        await(
            db.inTenant(
                tenant, connection -> connection.query("SELECT current_tenant()").execute()));
    assertThat(within.iterator().next().getUUID(0)).isEqualTo(tenant.value());
    var after =
        await(db.asSystem(connection -> connection.query("SELECT current_tenant()").execute()));
    assertThat(after.iterator().next().getUUID(0)).isNull();
  }

  private static Row one(Pool pool, String sql) {
    return rows(pool, sql).iterator().next();
  }

  private static List<String> strings(Pool pool, String sql) {
    var found = new ArrayList<String>();
    rows(pool, sql).forEach(row -> found.add(row.getString(0)));
    return found;
  }

  private static RowSet<Row> rows(Pool pool, String sql) {
    return await(pool.preparedQuery(sql).execute(Tuple.tuple()));
  }
}
