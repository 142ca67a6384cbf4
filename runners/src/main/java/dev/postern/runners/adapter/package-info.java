/**
 * LoRA adapters: read from PEFT's files, kept by digest, and applied to single rows of a batch, so
 * that callers with different adapters share a step.
 */
@NullMarked
package dev.postern.runners.adapter;

import org.jspecify.annotations.NullMarked;
