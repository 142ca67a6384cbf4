package dev.postern.tenancy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.ApiKey;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeySecretTest {
  private final SecureRandom random = new SecureRandom();

  @Test
  void isAPrefixAndFortyThreeLettersAndDigits() {
    for (var kind : ApiKey.Kind.values()) {
      var secret = KeySecret.generate(kind, random);
      assertThat(secret).matches(kind.prefix() + "[0-9A-Za-z]{43}");
      assertThat(KeySecret.isPlausible(secret)).isTrue();
    }
  }

  @Test
  void isNeverTheSameTwice() {
    var seen = new HashSet<String>();
    for (var i = 0; i < 1_000; i++) {
      assertThat(seen.add(KeySecret.randomText(random))).isTrue();
    }
  }

  @Test
  void isToldFromWhatCannotBeOne() {
    var body = "a".repeat(43);
    for (var junk :
        List.of(
            "",
            "sk-",
            "sk-proj-",
            "sk-other-" + body,
            "SK-PROJ-" + body,
            "sk-proj-" + body + "a",
            "sk-proj-" + "a".repeat(42),
            "sk-proj-" + "a".repeat(42) + "-",
            "sk-proj-" + "a".repeat(42) + "\u0663",
            " sk-proj-" + "a".repeat(42))) {
      assertThat(KeySecret.isPlausible(junk)).as(junk).isFalse();
    }
  }
}
