/** The HTTP server: requests in, answers out, and everything that concerns every request alike. */
@NullMarked
package dev.postern.gateway.http;

import org.jspecify.annotations.NullMarked;
