package dev.postern.runners.adapter;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The facts that a list of adapters shows.
 *
 * @param digest {@code sha256:…} of what the adapter does to a model, whatever file it came in
 * @param name as the person who imported it calls it
 * @param base what its maker says it was trained on
 * @param rank the largest of its matrices
 * @param targets what it changes, such as {@code q} and {@code down}
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record AdapterCard(
    String digest,
    String name,
    @Nullable String base,
    int rank,
    List<String> targets,
    long parameters,
    long bytes) {}
