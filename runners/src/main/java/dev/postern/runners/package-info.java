@NullMarked
package dev.postern.runners;

import org.jspecify.annotations.NullMarked;
