@NullMarked
package dev.postern.tenancy;

import org.jspecify.annotations.NullMarked;
