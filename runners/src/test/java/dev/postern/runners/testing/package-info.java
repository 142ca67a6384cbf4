/** Test support that other modules' tests share through this module's test jar. */
@NullMarked
package dev.postern.runners.testing;

import org.jspecify.annotations.NullMarked;
