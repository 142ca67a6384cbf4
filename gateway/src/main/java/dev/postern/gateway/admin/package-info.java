/**
 * All routes that are not inference, described in docs/console-api.md: a group a class. Handlers
 * read the request, ask a store and shape its answer; {@link dev.postern.gateway.admin.AdminRoutes}
 * lists the groups.
 */
@NullMarked
package dev.postern.gateway.admin;

import org.jspecify.annotations.NullMarked;
