/**
 * How good and how fast each stored format of a model is, and which to serve; formats mixed by what
 * each product can bear.
 */
@NullMarked
package dev.postern.runners.quality;

import org.jspecify.annotations.NullMarked;
