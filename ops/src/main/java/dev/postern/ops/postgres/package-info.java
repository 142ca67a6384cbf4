/** The PostgreSQL that Postern brings along, for an installation on one machine. */
@NullMarked
package dev.postern.ops.postgres;

import org.jspecify.annotations.NullMarked;
