package dev.postern.runners.server;

import org.jspecify.annotations.Nullable;

/**
 * How a model stands when the server starts.
 *
 * @param facts null when the folder could not be read
 * @param bytes taken of the budget for it, or tried to be
 * @param model null when it is loaded later
 * @param failure why it could not be loaded; null when it was, or was not tried
 */
record StartedModel(
    ModelSource source,
    @Nullable ModelFacts facts,
    long bytes,
    @Nullable LoadedModel model,
    @Nullable Throwable failure) {}
