package dev.postern.tenancy;

import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;

/** Ids as clients see them: a prefix for the kind, then the 32 hexadecimal digits of the UUID. */
public enum WireId {
  ORGANISATION("org-", "organization"),
  PROJECT("proj_", "project"),
  USER("user-", "user"),
  SERVICE_ACCOUNT("svc_acct_", "service account"),
  API_KEY("key_", "API key"),
  AUDIT_LOG("audit_log-", "audit log entry"),
  SECURITY_EVENT("secevt_", "security event"),
  PRICE("price_", "price"),
  ADAPTER("adapter_", "adapter"),
  JOB("job_", "job");

  private static final HexFormat HEX = HexFormat.of();

  private final String prefix;
  private final String kind;

  WireId(String prefix, String kind) {
    this.prefix = prefix;
    this.kind = kind;
  }

  public String format(UUID id) {
    return prefix
        + HEX.toHexDigits(id.getMostSignificantBits())
        + HEX.toHexDigits(id.getLeastSignificantBits());
  }

  /** Empty for anything that {@link #format} does not write: an id has one spelling. */
  public Optional<UUID> parse(String text) {
    if (text.length() != prefix.length() + 32) {
      return Optional.empty();
    }
    var middle = prefix.length() + 16;
    try {
      var id =
          new UUID(
              HexFormat.fromHexDigitsToLong(text, prefix.length(), middle),
              HexFormat.fromHexDigitsToLong(text, middle, text.length()));
      return format(id).equals(text) ? Optional.of(id) : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** The id, or {@link TenancyFailure.NotFound}: what cannot be an id names nothing. */
  public UUID require(String text) {
    return parse(text).orElseThrow(() -> new TenancyException(notFound(text)));
  }

  /** What to answer for an id of this kind that this tenant does not have. */
  public TenancyFailure.NotFound notFound(UUID id) {
    return notFound(format(id));
  }

  private TenancyFailure.NotFound notFound(String text) {
    return new TenancyFailure.NotFound(kind, text);
  }
}
