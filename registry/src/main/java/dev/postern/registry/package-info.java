@NullMarked
package dev.postern.registry;

import org.jspecify.annotations.NullMarked;
