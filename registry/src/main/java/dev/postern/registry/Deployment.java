package dev.postern.registry;

import java.time.Instant;

/** The name that clients call and the version behind it. */
public record Deployment(String name, ModelVersion version, String ownedBy, Instant createdAt) {}
