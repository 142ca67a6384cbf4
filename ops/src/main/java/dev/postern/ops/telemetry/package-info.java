/** Logs and metrics of the gateway's process. */
@NullMarked
package dev.postern.ops.telemetry;

import org.jspecify.annotations.NullMarked;
