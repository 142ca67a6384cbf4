/** Runs a model over given tokens and shows everything it computed, beside the serving engine. */
@NullMarked
package dev.postern.runners.scoring;

import org.jspecify.annotations.NullMarked;
