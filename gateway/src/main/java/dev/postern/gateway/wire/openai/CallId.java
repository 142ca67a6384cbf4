package dev.postern.gateway.wire.openai;

import java.util.HexFormat;
import java.util.UUID;

/** The names of one call: of the request, and of the answer to it. */
public enum CallId {
  REQUEST("req_"),
  CHAT_COMPLETION("chatcmpl-"),
  COMPLETION("cmpl-");

  private static final HexFormat HEX = HexFormat.of();

  private final String prefix;

  CallId(String prefix) {
    this.prefix = prefix;
  }

  public String format(UUID id) {
    return prefix
        + HEX.toHexDigits(id.getMostSignificantBits())
        + HEX.toHexDigits(id.getLeastSignificantBits());
  }
}
