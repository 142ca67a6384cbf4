/**
 * Writes ONNX graphs: nodes, tensors in an external file, and the ways a weight matrix is stored.
 */
@NullMarked
package dev.postern.runners.onnx;

import org.jspecify.annotations.NullMarked;
