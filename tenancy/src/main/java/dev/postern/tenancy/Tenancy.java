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
import dev.postern.tenancy.internal.ledger.Metering;
import dev.postern.tenancy.internal.ledger.PgLimits;
import dev.postern.tenancy.internal.ledger.PgPrices;
import dev.postern.tenancy.internal.ledger.PgSecurityEvents;
import dev.postern.tenancy.internal.report.PgExports;
import dev.postern.tenancy.internal.report.PgInvoices;
import dev.postern.tenancy.internal.report.PgRequests;
import dev.postern.tenancy.internal.report.PgUsageReports;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/** The module, put together: one for each gateway. */
public final class Tenancy {
  private static final int METERING_CONNECTIONS = 4;

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
  private final Pool meteringPool;
  private final Metering metering;
  private final PgPrices prices;
  private final PgLimits limits;
  private final PgUsageReports usageReports;
  private final PgRequests requests;
  private final PgExports exports;
  private final PgInvoices invoices;
  private final PgSecurityEvents securityEvents;

  private Tenancy(
      Plumbing plumbing,
      PgChangeFeed feed,
      PgPrices prices,
      Pool meteringPool,
      Metering metering,
      TenancyConfig config) {
    var db = plumbing.db();
    var clock = plumbing.clock();
    this.feed = feed;
    this.plumbing = plumbing;
    this.prices = prices;
    this.meteringPool = meteringPool;
    this.metering = metering;
    this.limits = new PgLimits(db, plumbing.audit(), config.defaultLimits(), clock);
    this.usageReports = new PgUsageReports(db, clock);
    this.requests = new PgRequests(db);
    this.exports = new PgExports(db);
    this.invoices = new PgInvoices(db);
    this.securityEvents = new PgSecurityEvents(db, metering);
    this.passwords = new Passwords(plumbing.vertx(), config.signIn().iterations());
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
    var db = new TenantDb(pool, config.statementTimeout());
    var ids = new Ids(clock);
    var audit = new PgAuditLog(db, ids, clock);
    var plumbing = new Plumbing(vertx, db, feed, ids, clock, audit);
    var prices = new PgPrices(db, audit, ids, clock);
    var meteringPool = meteringPool(vertx, database);
    return feed.start()
        .compose(started ->
            Metering.start(
                vertx,
                meteringPool,
                prices,
                feed,
                config.spoolFolder(),
                config.defaultLimits(),
                clock))
        .map(metering -> new Tenancy(plumbing, feed, prices, meteringPool, metering, config))
        .onFailure(cause -> feed.close().eventually(meteringPool::close));
  }

  /** Connections of their own, so that reports and exports do not hold up calls. */
  private static Pool meteringPool(Vertx vertx, PgConnectOptions database) {
    return Pool.pool(
        vertx,
        new PgConnectOptions(database).setCachePreparedStatements(true),
        new PoolOptions()
            .setMaxSize(METERING_CONNECTIONS)
            .setConnectionTimeout(2)
            .setConnectionTimeoutUnit(TimeUnit.SECONDS));
  }

  /** Writes down what is still in memory and ends all that runs in the background. */
  public Future<Void> close() {
    return metering
        .close()
        .eventually(proof::close)
        .eventually(feed::close)
        .eventually(passwords::close)
        .eventually(meteringPool::close);
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

  public Quotas quotas() {
    return metering.quotas();
  }

  public Ledger ledger() {
    return metering.ledger();
  }

  public Prices prices() {
    return prices;
  }

  public Limits limits() {
    return limits;
  }

  public UsageReports usageReports() {
    return usageReports;
  }

  public Requests requests() {
    return requests;
  }

  public Exports exports() {
    return exports;
  }

  public Invoices invoices() {
    return invoices;
  }

  public SecurityEvents securityEvents() {
    return securityEvents;
  }
}
