/** The commands of {@code ./postern}. */
@NullMarked
package dev.postern.ops.cli;

import org.jspecify.annotations.NullMarked;
