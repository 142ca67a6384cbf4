/**
 * ONNX Runtime's C functions, as far as its Java API does not give them, and the operators of ours
 * that run inside its graphs.
 */
@org.jspecify.annotations.NullMarked
package dev.postern.runners.ort;
