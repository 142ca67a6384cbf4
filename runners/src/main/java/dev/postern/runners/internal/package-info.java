/** The client side: how the pool of runners is called. */
@NullMarked
package dev.postern.runners.internal;

import org.jspecify.annotations.NullMarked;
