/** Child processes: started, watched, restarted, and never left behind. */
@NullMarked
package dev.postern.ops.process;

import org.jspecify.annotations.NullMarked;
