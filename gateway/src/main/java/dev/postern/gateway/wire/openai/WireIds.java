package dev.postern.gateway.wire.openai;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;

/** Ids as clients see them: a prefix that tells the kind, then the UUID's 32 hexadecimal digits. */
public final class WireIds {
  public static final String ORGANIZATION = "org-";
  public static final String PROJECT = "proj_";
  public static final String KEY = "key_";
  public static final String USER = "user-";
  public static final String REQUEST = "req_";
  public static final String CHAT_COMPLETION = "chatcmpl-";
  public static final String COMPLETION = "cmpl-";

  private static final HexFormat HEX = HexFormat.of();

  private WireIds() {}

  public static String of(String prefix, UUID id) {
    return prefix
        + HEX.toHexDigits(id.getMostSignificantBits())
        + HEX.toHexDigits(id.getLeastSignificantBits());
  }

  public static String of(TenantId tenant) {
    return of(ORGANIZATION, tenant.value());
  }

  public static String of(ProjectId project) {
    return of(PROJECT, project.value());
  }

  /** Empty when the text is not an id of this kind; callers treat it as an unknown object. */
  public static Optional<UUID> parse(String prefix, String text) {
    if (text.length() != prefix.length() + 32 || !text.startsWith(prefix)) {
      return Optional.empty();
    }
    try {
      var middle = prefix.length() + 16;
      return Optional.of(
          new UUID(
              HexFormat.fromHexDigitsToLong(text, prefix.length(), middle),
              HexFormat.fromHexDigitsToLong(text, middle, middle + 16)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  public static Optional<ProjectId> parseProject(String text) {
    return parse(PROJECT, text).map(ProjectId::new);
  }
}
