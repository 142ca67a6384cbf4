package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.StaticHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The console, a single-page application from the classpath folder {@code webroot}. Files under
 * {@code assets/} have their content's hash in their name and never change; every other path that a
 * browser opens is the index page. Without the console on the classpath these are plain 404s.
 */
final class ConsoleFiles implements RouteGroup {
  private static final String ROOT = "webroot";
  private static final Pattern INLINE_SCRIPT =
      Pattern.compile("<script(?![^>]*\\ssrc=)[^>]*>(.*?)</script>", Pattern.DOTALL);

  private final @Nullable Buffer index;
  private final String contentSecurityPolicy;

  ConsoleFiles() {
    var page = readIndex();
    index = page == null ? null : Buffer.buffer(page);
    contentSecurityPolicy = contentSecurityPolicy(page == null ? "" : page);
  }

  @Override
  public void register(Router router) {
    router
        .get("/assets/*")
        .handler(this::secure)
        .handler(
            StaticHandler.create(ROOT + "/assets")
                .setMaxAgeSeconds(365 * 24 * 3600)
                .setFilesReadOnly(true))
        .handler(ConsoleFiles::unknown);
    router
        .getWithRegex("^/(?!v1/).*")
        .setName("(console)")
        .handler(this::secure)
        .handler(this::serveIndexAtRoot)
        .handler(StaticHandler.create(ROOT).setMaxAgeSeconds(3600).setFilesReadOnly(true))
        .handler(this::fallBackToIndex);
  }

  private void secure(RoutingContext ctx) {
    ctx.response()
        .putHeader("content-security-policy", contentSecurityPolicy)
        .putHeader("x-content-type-options", "nosniff")
        .putHeader("referrer-policy", "no-referrer")
        .putHeader("x-frame-options", "DENY")
        .putHeader("cross-origin-opener-policy", "same-origin");
    ctx.next();
  }

  private void serveIndexAtRoot(RoutingContext ctx) {
    var path = ctx.normalizedPath();
    if (path.equals("/") || path.equals("/index.html")) {
      serveIndex(ctx);
    } else {
      ctx.next();
    }
  }

  private void fallBackToIndex(RoutingContext ctx) {
    var accept = ctx.request().getHeader(HttpHeaders.ACCEPT);
    if (accept != null && accept.contains("text/html")) {
      serveIndex(ctx);
    } else {
      unknown(ctx);
    }
  }

  private void serveIndex(RoutingContext ctx) {
    if (index == null) {
      unknown(ctx);
      return;
    }
    ctx.response().putHeader(HttpHeaders.CACHE_CONTROL, "no-cache");
    Exchange.of(ctx).send(200, "text/html; charset=utf-8", index);
  }

  private static void unknown(RoutingContext ctx) {
    Api.fail(
        ctx,
        new WireException(
            new WireFailure.UnknownRoute(ctx.request().method().name(), ctx.normalizedPath())));
  }

  private static @Nullable String readIndex() {
    try (var file = ConsoleFiles.class.getClassLoader().getResourceAsStream(ROOT + "/index.html")) {
      return file == null ? null : new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Scripts run from our own files, and inline only those of the index page, by their hash. */
  static String contentSecurityPolicy(String page) {
    var scripts = new StringBuilder("'self'");
    var inline = INLINE_SCRIPT.matcher(page);
    while (inline.find()) {
      scripts.append(" 'sha256-").append(sha256(inline.group(1))).append('\'');
    }
    return "default-src 'self'; script-src "
        + scripts
        + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:;"
        + " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  }

  private static String sha256(String script) {
    try {
      return Base64.getEncoder()
          .encodeToString(
              MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
