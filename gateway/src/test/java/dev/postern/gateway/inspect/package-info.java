@NullMarked
package dev.postern.gateway.inspect;

import org.jspecify.annotations.NullMarked;
