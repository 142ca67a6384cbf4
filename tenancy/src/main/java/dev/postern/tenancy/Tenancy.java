package dev.postern.tenancy;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.postern.tenancy.internal.KeyCache;
import dev.postern.tenancy.internal.Passwords;
import dev.postern.tenancy.internal.PgApiKeys;
import dev.postern.tenancy.internal.PgAuditLog;
import dev.postern.tenancy.internal.PgBootstrap;
import dev.postern.tenancy.internal.PgChangeFeed;
import dev.postern.tenancy.internal.PgKeyProof;
import dev.postern.tenancy.internal.PgOrganisations;
import dev.postern.tenancy.internal.PgProjects;
import dev.postern.tenancy.internal.PgServiceAccounts;
import dev.postern.tenancy.internal.PgSessions;
import dev.postern.tenancy.internal.PgUsers;
import dev.postern.tenancy.internal.Plumbing;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import java.time.InstantSource;

/** The module, put together: one for each gateway. */
public final class Tenancy {
  private final PgChangeFeed feed;
  private final Plumbing plumbing;
  private final Passwords passwords;
  private final PgKeyProof proof;
  private final PgOrganisations organisations;
  private final PgProjects projects;
  private final PgApiKeys apiKeys;
  private final PgServiceAccounts serviceAccounts;
  private final PgUsers users;
  private final PgSessions sessions;
  private final PgBootstrap bootstrap;

  private Tenancy(
      Vertx vertx, PgChangeFeed feed, Pool pool, TenancyConfig config, InstantSource clock) {
    var db = new TenantDb(pool, config.statementTimeout());
    var ids = new Ids(clock);
    this.feed = feed;
    this.plumbing = new Plumbing(vertx, db, feed, ids, clock, new PgAuditLog(db, ids, clock));
    this.passwords = new Passwords(vertx, config.signIn().iterations());
    var cache = new KeyCache(config.keyCache(), feed, clock, Ticker.systemTicker());
    this.proof = new PgKeyProof(plumbing, config.pepper(), cache);
    this.organisations = new PgOrganisations(plumbing);
    this.projects = new PgProjects(plumbing, cache);
    this.apiKeys = new PgApiKeys(plumbing, config.pepper(), proof, cache);
    this.serviceAccounts = new PgServiceAccounts(plumbing, apiKeys, cache);
    this.users = new PgUsers(plumbing, passwords);
    this.sessions = new PgSessions(plumbing, config.signIn(), config.pepper(), passwords);
    this.bootstrap = new PgBootstrap(plumbing, passwords, organisations, projects, users, apiKeys);
  }

  /**
   * Puts the module together on a migrated database.
   *
   * @param database how the application's role connects, for the connection that brings changes
   * @param pool of the same role; the caller closes it, after this
   */
  public static Future<Tenancy> open(
      Vertx vertx,
      PgConnectOptions database,
      Pool pool,
      TenancyConfig config,
      InstantSource clock) {
    var feed = new PgChangeFeed(vertx, database, Ticker.systemTicker()::read);
    var tenancy = new Tenancy(vertx, feed, pool, config, clock);
    return feed.start().map(tenancy).onFailure(cause -> tenancy.close());
  }

  /** Writes down what is still in memory and ends all that runs in the background. */
  public Future<Void> close() {
    return proof.close().eventually(feed::close).eventually(passwords::close);
  }

  public TenantDb db() {
    return plumbing.db();
  }

  public ChangeFeed changes() {
    return feed;
  }

  public Ids ids() {
    return plumbing.ids();
  }

  public AuditLog auditLog() {
    return plumbing.audit();
  }

  public Organisations organisations() {
    return organisations;
  }

  public Projects projects() {
    return projects;
  }

  public ApiKeys apiKeys() {
    return apiKeys;
  }

  public ServiceAccounts serviceAccounts() {
    return serviceAccounts;
  }

  public Users users() {
    return users;
  }

  public Sessions sessions() {
    return sessions;
  }

  public Bootstrap bootstrap() {
    return bootstrap;
  }
}
