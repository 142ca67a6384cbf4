/** Shows why a model answered as it did: alternatives, attribution, layers, memorisation. */
@NullMarked
package dev.postern.runners.explain;

import org.jspecify.annotations.NullMarked;
