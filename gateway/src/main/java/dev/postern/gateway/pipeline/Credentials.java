package dev.postern.gateway.pipeline;

import org.jspecify.annotations.Nullable;

/**
 * What a request brings along to prove who makes it.
 *
 * @param bearer the key of an {@code Authorization: Bearer} header
 * @param session the console's cookie; looked at only without a bearer key
 * @param csrf the {@code x-postern-csrf} header, which a session needs to change state
 * @param organization the {@code OpenAI-Organization} header
 * @param project the {@code OpenAI-Project} header
 * @param changesState whether the call is one that a foreign page must not be able to trigger
 */
public record Credentials(
    @Nullable String bearer,
    @Nullable String session,
    @Nullable String csrf,
    @Nullable String organization,
    @Nullable String project,
    boolean changesState) {

  /** Leaves the secrets out. */
  @Override
  public String toString() {
    return "Credentials[organization=" + organization + ", project=" + project + "]";
  }
}
