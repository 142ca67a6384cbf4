/** What is read from the ledger: reports, request lists, exports and invoices. */
@NullMarked
package dev.postern.tenancy.internal.report;

import org.jspecify.annotations.NullMarked;
