package dev.postern.tenancy;

import java.time.Instant;

/** A tenant. */
public record Organisation(TenantId id, String name, Instant createdAt) {}
