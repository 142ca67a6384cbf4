package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What an answer's content must be.
 *
 * @param schema JSON Schema of it; null for any JSON object
 * @param strict whether the schema must be kept in all that it says
 * @param path where in the body the schema stands
 */
public record ResponseFormat(@Nullable ObjectNode schema, boolean strict, String path) {}
