/** Generation: batching, the key-value cache and sampling over an ONNX Runtime session. */
@NullMarked
package dev.postern.runners.engine;

import org.jspecify.annotations.NullMarked;
