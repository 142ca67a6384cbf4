package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.DetectorCatalog;
import java.util.ArrayList;
import java.util.List;

/** All detectors made of rules. */
public final class RuleDetectors implements DetectorCatalog {
  /** Most specific first: of findings that begin together, the first names the placeholder. */
  private static final List<Entry> ENTRIES =
      List.of(
          new Entry("secret.private_key", "PRIVATE_KEY", "Private keys in PEM form"),
          new Entry("secret.jwt", "JWT", "JSON web tokens"),
          new Entry("secret.api_key", "API_KEY", "API keys and access tokens"),
          new Entry("secret.password", "PASSWORD", "Passwords"),
          new Entry("pii.card", "CARD", "Payment card numbers"),
          new Entry("pii.iban", "IBAN", "Bank account numbers (IBAN)"),
          new Entry("pii.ssn", "SSN", "United States social security numbers"),
          new Entry("pii.passport", "PASSPORT", "Passport numbers"),
          new Entry("pii.email", "EMAIL", "E-mail addresses"),
          new Entry("pii.ip", "IP", "IP addresses"),
          new Entry("pii.phone", "PHONE", "Telephone numbers"),
          new Entry("topic.block_list", "BLOCKED", "Your own words and phrases"));

  private static final List<Detector> FIXED =
      List.of(
          new PrivateKeyDetector(),
          new JwtDetector(),
          new PrefixedKeyDetector(),
          new AssignedKeyDetector(),
          new PasswordDetector(),
          new CardDetector(),
          new IbanDetector(),
          new SsnDetector(),
          new PassportDetector(),
          new EmailDetector(),
          new IpDetector(),
          new PhoneDetector());

  @Override
  public List<Entry> entries() {
    return ENTRIES;
  }

  @Override
  public List<Detector> detectors(List<String> blockList) {
    if (blockList.isEmpty()) {
      return FIXED;
    }
    var detectors = new ArrayList<>(FIXED);
    detectors.add(new BlockListDetector(blockList));
    return detectors;
  }
}
