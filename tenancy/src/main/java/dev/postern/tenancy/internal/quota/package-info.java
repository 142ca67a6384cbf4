/** Admission by leases: arithmetic without I/O, and the store that grants the leases. */
@NullMarked
package dev.postern.tenancy.internal.quota;

import org.jspecify.annotations.NullMarked;
