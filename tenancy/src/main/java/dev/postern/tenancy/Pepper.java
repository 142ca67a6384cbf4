package dev.postern.tenancy;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret under which keys and tokens are hashed: a copy of the database alone proves nothing.
 * Every gateway of an installation has the same one, and with another one no key works any more.
 */
public final class Pepper {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int MIN_BYTES = 32;

  private final Mac prototype;

  public Pepper(byte[] secret) {
    if (secret.length < MIN_BYTES) {
      throw new IllegalArgumentException("the pepper needs at least " + MIN_BYTES + " bytes");
    }
    try {
      prototype = Mac.getInstance(ALGORITHM);
      prototype.init(new SecretKeySpec(secret, ALGORITHM));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(ALGORITHM + " is part of every Java runtime", e);
    }
  }

  /** HMAC-SHA-256 of the data, 32 bytes. Safe for any thread. */
  public byte[] hash(byte[] data) {
    try {
      return ((Mac) prototype.clone()).doFinal(data);
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("the JDK's HMAC can be cloned", e);
    }
  }
}
