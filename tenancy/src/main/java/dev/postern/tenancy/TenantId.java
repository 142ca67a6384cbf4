package dev.postern.tenancy;

import java.util.UUID;

/**
 * An organisation: the unit of isolation, billing and row-level security. On the wire {@code
 * org-…}.
 */
public record TenantId(UUID value) {}
