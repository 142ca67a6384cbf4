package dev.postern.gateway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.inspect.rules.RuleDetectors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Table of what each detector finds, and of what resembles it. */
class RuleDetectorsTest {
  private static final List<String> BLOCK_LIST = List.of("Project Bluebird", "hunter", "東京計画");

  /** Makes up strings in the form of a key, so that no file holds one. */
  private static String random(int length) {
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append("a9Kx3Zq7Wm2Bt5Rd8Lh4".charAt((i * 7 + i / 3) % 20));
    }
    return text.toString();
  }

  private static List<String> found(String name, String text) {
    var window = Window.whole(text);
    var values = new ArrayList<String>();
    for (var detector : new RuleDetectors().detectors(BLOCK_LIST)) {
      if (!detector.name().equals(name)) {
        continue;
      }
      int from = 0;
      while (detector.next(window, from) instanceof Scan.Match match) {
        var tail = match.tail();
        from = tail == null ? match.end() : tail.end(window, match.end());
        values.add(text.substring(match.start(), from));
      }
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pii.email | write to jane.doe+x@mail.example.co.uk. | jane.doe+x@mail.example.co.uk",
        "pii.email | <a@b.de> | a@b.de",
        "pii.email | jürgen@müller.de said | jürgen@müller.de",
        "pii.card | card 4111 1111 1111 1111 exp 12/27 | 4111 1111 1111 1111",
        "pii.card | 4111-1111-1111-1111 2027 | 4111-1111-1111-1111",
        "pii.card | amex 3782 822463 10005, thanks | 3782 822463 10005",
        "pii.card | wide ４１１１１１１１１１１１１１１１ digits | ４１１１１１１１１１１１１１１１",
        "pii.card | 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 | 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "pii.iban | IBAN DE89 3704 0044 0532 0130 00. | DE89 3704 0044 0532 0130 00",
        "pii.iban | gb82west12345698765432 | gb82west12345698765432",
        "pii.ssn | it is 123-45-6789. | 123-45-6789",
        "pii.ssn | SSN 123456789 | 123456789",
        "pii.ip | from 192.168.0.17:8080 | 192.168.0.17",
        "pii.ip | from 2001:db8::8a2e:370:7334. | 2001:db8::8a2e:370:7334",
        "pii.ip | ::ffff:10.1.2.3 came | ::ffff:10.1.2.3",
        "pii.phone | +44 20 7946 0958 works | +44 20 7946 0958",
        "pii.phone | (415) 555-2671 or | (415) 555-2671",
        "pii.phone | 415-555-2671 ext. 12 now | 415-555-2671 ext. 12",
        "pii.phone | dial 0171 123 4567 today | 0171 123 4567",
        "pii.phone | call me at 6592702262 | 6592702262",
        "pii.phone | 02.27.96.63.08 | 02.27.96.63.08",
        "pii.passport | passport number C01X00T47. | C01X00T47",
        "pii.passport | Passport No: 533380006 | 533380006",
        "secret.password | my password is hunter2. | hunter2",
        "secret.password | DB_PASSWORD=s3cr3tpw rest | s3cr3tpw",
        "secret.password | {\"password\": \"correct horse\"} | correct",
        "secret.password | postgres://app:pl4inT3xt@db:5432/x | pl4inT3xt",
        "topic.block_list | about project  BLUEBIRD, | project  BLUEBIRD",
        "topic.block_list | Ｐｒｏｊｅｃｔ Bluebird | Ｐｒｏｊｅｃｔ Bluebird",
        "topic.block_list | Pro\u200Bject Bluebird! | Pro\u200Bject Bluebird",
        "topic.block_list | これは東京計画です | 東京計画",
      })
  void finds(String name, String text, String value) {
    assertThat(found(name, text)).containsExactly(value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pii.email | use @Override and user@localhost",
        "pii.card | 4111 1111 1111 1112",
        "pii.card | order 1234567890123456",
        "pii.card | 0.4111111111111111",
        "pii.card | a4111111111111111",
        "pii.iban | DE89 3704 0044 0532 0130 01",
        "pii.iban | de facto 20 mots",
        "pii.ssn | 000-12-3456 and 666-12-3456 and 912-34-5678",
        "pii.ssn | 123456789",
        "pii.ssn | 1123-45-6789 and 123-45-67890",
        "pii.ip | version 1.2.3.4 and v10.0.0.1 and 1.2.3.4.5",
        "pii.ip | 256.1.1.1 and 10:30:45 and std::vector and aa::bb",
        "pii.phone | 2024-11-24 10:30 and 24.11.2024 and 1234567890",
        "pii.phone | costs $1,234,567.89 in 1999-2004",
        "pii.phone | 192.168.100.200",
        "pii.passport | room 533380006",
        "pii.passport | passport since 2019",
        "secret.password | the password is required",
        "secret.password | password: must be long",
        "secret.password | password = \"string\"",
        "secret.password | password=${DB_PASSWORD}",
        "secret.api_key | sk-learn is a library, task-oriented",
        "secret.api_key | api_key = your_api_key_goes_here",
        "secret.jwt | eyJ is how they begin",
        "secret.private_key | -----BEGIN CERTIFICATE-----",
        "topic.block_list | hunters and bounty-hunting and projectbluebird",
      })
  void leavesAlone(String name, String text) {
    assertThat(found(name, text)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ghp_",
        "github_pat_",
        "glpat-",
        "sk_live_",
        "sk-proj-",
        "sk-",
        "AIza",
        "npm_",
        "hf_",
        "sk-svcacct-",
        "sk-admin-"
      })
  void findsKeysByTheirPrefix(String prefix) {
    var key = prefix + random(64);
    assertThat(found("secret.api_key", "use " + key + ", please")).containsExactly(key);
    assertThat(found("secret.api_key", "use x" + key + ", please")).isEmpty();
  }

  @Test
  void findsKeysByWhatTheyAreAssignedTo() {
    var key = random(32);
    assertThat(found("secret.api_key", "API_KEY = '" + key + "'")).containsExactly(key);
    assertThat(found("secret.api_key", "{\"access_token\":\"" + key + "\"}")).containsExactly(key);
    assertThat(found("secret.api_key", "my api key is " + key)).containsExactly(key);
    assertThat(found("secret.api_key", "Authorization: Bearer " + key)).containsExactly(key);
    assertThat(found("secret.api_key", "checksum = " + key)).isEmpty();
    assertThat(found("secret.api_key", "public_key = " + key)).isEmpty();
  }

  @Test
  void findsAwsAndSlackKeys() {
    var aws = "AKIA" + "Q3EGRZ7M2KPL5XWT";
    assertThat(found("secret.api_key", aws)).containsExactly(aws);
    var slack = "xox" + "b-123456789012-123456789012-" + random(24);
    assertThat(found("secret.api_key", "(" + slack + ")")).containsExactly(slack);
  }

  @Test
  void findsTokensAndPrivateKeysOfAnyLength() {
    var jwt = "eyJ" + random(40) + ".eyJ" + random(900) + "." + random(300);
    assertThat(found("secret.jwt", "token: " + jwt + " end")).containsExactly(jwt);
    var pem =
        "-----BEGIN RSA PRIVATE"
            + " KEY-----\n"
            + random(3000)
            + "\n-----END RSA PRIVATE"
            + " KEY-----";
    assertThat(found("secret.private_key", "key:\n" + pem + "\nbye")).containsExactly(pem);
  }

  @Test
  void describesEachDetectorOnce() {
    var catalog = new RuleDetectors();
    var described = catalog.entries().stream().map(DetectorCatalog.Entry::name).toList();
    assertThat(described).doesNotHaveDuplicates().hasSize(12);
    var running = new HashSet<String>();
    catalog.detectors(BLOCK_LIST).forEach(detector -> running.add(detector.name()));
    assertThat(running).isEqualTo(new HashSet<>(described));
  }

  @Test
  void readsLongHostileTextInLinearTime() {
    for (String unit :
        List.of("1", "1 ", "a@", "@", "-", "eyJ", "1.", ":", "(1", "+1", "a", "password=", "sk-")) {
      var text = unit.repeat(400_000 / unit.length());
      long start = System.nanoTime();
      for (var detector : new RuleDetectors().detectors(List.of("a a a a b", "1 1 1 1 2"))) {
        var window = Window.whole(text);
        int from = 0;
        while (detector.next(window, from) instanceof Scan.Match match) {
          var tail = match.tail();
          from = tail == null ? match.end() : tail.end(window, match.end());
        }
      }
      // Quadratic time would take minutes.
      assertThat(System.nanoTime() - start).as(unit).isLessThan(10_000_000_000L);
    }
  }
}
