@NullMarked
package dev.postern.ops;

import org.jspecify.annotations.NullMarked;
