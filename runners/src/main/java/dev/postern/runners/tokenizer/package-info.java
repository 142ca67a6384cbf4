/** Builds a model's tokenizer from its file's metadata and runs it. */
@NullMarked
package dev.postern.runners.tokenizer;

import org.jspecify.annotations.NullMarked;
