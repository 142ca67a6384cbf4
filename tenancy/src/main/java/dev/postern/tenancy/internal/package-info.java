/** How tenancy is stored. Nothing outside this module may use it. */
@NullMarked
package dev.postern.tenancy.internal;

import org.jspecify.annotations.NullMarked;
