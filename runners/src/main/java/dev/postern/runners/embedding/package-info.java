/** Texts to unit vectors with a sentence-transformer model on ONNX Runtime. */
@NullMarked
package dev.postern.runners.embedding;

import org.jspecify.annotations.NullMarked;
