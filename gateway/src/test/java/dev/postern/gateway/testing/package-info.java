/** Stand-ins for the gateway's neighbours, in memory, that remember what they were asked. */
@NullMarked
package dev.postern.gateway.testing;

import org.jspecify.annotations.NullMarked;
