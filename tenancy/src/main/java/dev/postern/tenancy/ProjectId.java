package dev.postern.tenancy;

import java.util.UUID;

/**
 * A project inside an organisation: the unit of keys, limits and budgets. On the wire {@code
 * proj_…}.
 */
public record ProjectId(UUID value) {}
