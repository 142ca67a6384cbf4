/** The runner process beside the gateway. */
@NullMarked
package dev.postern.ops.runner;

import org.jspecify.annotations.NullMarked;
