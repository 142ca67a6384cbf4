/** Encoders on ONNX Runtime: texts to vectors, to labels, and to how well they answer a query. */
@NullMarked
package dev.postern.runners.encoder;

import org.jspecify.annotations.NullMarked;
