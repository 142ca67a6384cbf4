package dev.postern.tenancy.internal;

import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * Hashes passwords by PBKDF2, off the event loops and a bounded number at a time: this is the only
 * work here that costs a caller nothing and us much.
 */
public final class Passwords {
  private static final String ALGORITHM = "PBKDF2WithHmacSHA256";
  private static final String SCHEME = "pbkdf2-sha256";
  private static final int SALT_BYTES = 16;
  private static final int HASH_BITS = 256;
  private static final int THREADS = 2;
  private static final int MAX_WAITING = 32;
  private static final int MIN_LENGTH = 12;
  private static final int MAX_LENGTH = 200;

  private final WorkerExecutor workers;
  private final AtomicInteger waiting = new AtomicInteger();
  private final SecureRandom random = new SecureRandom();
  private final int iterations;

  /** Compared with where there is no such user, so that an answer takes as long as any other. */
  private final String nobody;

  public Passwords(Vertx vertx, int iterations) {
    this.workers = vertx.createSharedWorkerExecutor("postern-passwords", THREADS);
    this.iterations = iterations;
    this.nobody = format(iterations, new byte[SALT_BYTES], new byte[HASH_BITS / 8]);
  }

  /** A password that nobody has to think of. */
  String generate() {
    return KeySecret.randomText(random).substring(0, 20);
  }

  /** What to store; fails for a password that is too short to be one. */
  Future<String> hash(String password) {
    if (password.length() < MIN_LENGTH || password.length() > MAX_LENGTH) {
      return Future.failedFuture(
          Names.invalid(
              "password",
              "a password must have " + MIN_LENGTH + " to " + MAX_LENGTH + " characters"));
    }
    var salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    return onWorker(() -> format(iterations, salt, derive(password, salt, iterations)));
  }

  Future<Boolean> matches(String password, String stored) {
    if (password.length() > MAX_LENGTH) {
      return Future.succeededFuture(false);
    }
    var parts = stored.split("\\$");
    var rounds = Integer.parseInt(parts[1]);
    var salt = Base64.getDecoder().decode(parts[2]);
    var expected = Base64.getDecoder().decode(parts[3]);
    return onWorker(() -> MessageDigest.isEqual(expected, derive(password, salt, rounds)));
  }

  /** False, after the time that a comparison takes. */
  Future<Boolean> matchesNobody(String password) {
    return matches(password, nobody).map(false);
  }

  public Future<Void> close() {
    return workers.close();
  }

  private <T> Future<T> onWorker(Callable<T> work) {
    if (waiting.incrementAndGet() > MAX_WAITING) {
      waiting.decrementAndGet();
      return Future.failedFuture(
          new TenancyException(new TenancyFailure.TooManyAttempts(Duration.ofSeconds(5))));
    }
    return workers.executeBlocking(work, false).onComplete(done -> waiting.decrementAndGet());
  }

  private static byte[] derive(String password, byte[] salt, int rounds)
      throws GeneralSecurityException {
    var spec = new PBEKeySpec(password.toCharArray(), salt, rounds, HASH_BITS);
    try {
      return SecretKeyFactory.getInstance(ALGORITHM).generateSecret(spec).getEncoded();
    } finally {
      spec.clearPassword();
    }
  }

  private static String format(int rounds, byte[] salt, byte[] hash) {
    var base64 = Base64.getEncoder();
    return String.join(
        "$",
        SCHEME,
        Integer.toString(rounds),
        base64.encodeToString(salt),
        base64.encodeToString(hash));
  }
}
