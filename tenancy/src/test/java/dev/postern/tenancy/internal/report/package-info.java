@NullMarked
package dev.postern.tenancy.internal.report;

import org.jspecify.annotations.NullMarked;
