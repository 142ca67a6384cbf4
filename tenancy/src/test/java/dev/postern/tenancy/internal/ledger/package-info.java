@NullMarked
package dev.postern.tenancy.internal.ledger;

import org.jspecify.annotations.NullMarked;
