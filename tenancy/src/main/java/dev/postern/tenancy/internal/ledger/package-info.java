/** The usage ledger: group commit, the spool for times without PostgreSQL, and prices. */
@NullMarked
package dev.postern.tenancy.internal.ledger;

import org.jspecify.annotations.NullMarked;
