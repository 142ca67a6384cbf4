/** How the registry is stored and kept in memory. Nothing outside this module may use it. */
@NullMarked
package dev.postern.registry.internal;

import org.jspecify.annotations.NullMarked;
