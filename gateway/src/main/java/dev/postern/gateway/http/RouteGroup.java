package dev.postern.gateway.http;

import io.vertx.ext.web.Router;

/**
 * Routes that belong together, such as those of the invoices. Registered once for each event loop,
 * so a group is safe to use from several threads.
 */
public interface RouteGroup {
  void register(Router router);
}
