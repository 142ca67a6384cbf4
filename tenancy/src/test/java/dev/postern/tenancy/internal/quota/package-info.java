@NullMarked
package dev.postern.tenancy.internal.quota;

import org.jspecify.annotations.NullMarked;
