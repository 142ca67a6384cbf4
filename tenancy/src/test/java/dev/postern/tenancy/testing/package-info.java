/** Test support that other modules' tests share through this module's test jar. */
@NullMarked
package dev.postern.tenancy.testing;

import org.jspecify.annotations.NullMarked;
