/**
 * The way of an inference request. Read {@link dev.postern.gateway.pipeline.InferencePipeline}
 * first; each stage is a class of its own.
 */
@NullMarked
package dev.postern.gateway.pipeline;

import org.jspecify.annotations.NullMarked;
