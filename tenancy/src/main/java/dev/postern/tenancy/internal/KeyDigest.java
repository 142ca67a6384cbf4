package dev.postern.tenancy.internal;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** The keyed hash of a secret, as the key of a map. */
record KeyDigest(long first, long second, long third, long fourth) {
  static KeyDigest of(byte[] hash) {
    var words = ByteBuffer.wrap(hash);
    return new KeyDigest(words.getLong(), words.getLong(), words.getLong(), words.getLong());
  }

  static KeyDigest ofHex(String hex) {
    return of(HexFormat.of().parseHex(hex));
  }

  byte[] bytes() {
    return ByteBuffer.allocate(32)
        .putLong(first)
        .putLong(second)
        .putLong(third)
        .putLong(fourth)
        .array();
  }
}
