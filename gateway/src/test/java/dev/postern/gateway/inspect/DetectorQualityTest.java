package dev.postern.gateway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Measures the rule detectors on labelled data and holds them to what they reached. */
class DetectorQualityTest {
  private static final Map<String, String> LABELS =
      Map.of(
          "pii.card", "CREDIT_CARD",
          "pii.email", "EMAIL_ADDRESS",
          "pii.iban", "IBAN_CODE",
          "pii.ip", "IP_ADDRESS",
          "pii.phone", "PHONE_NUMBER",
          "pii.ssn", "US_SSN");

  private final List<Detector> detectors = new RuleDetectors().detectors(List.of());

  @Test
  void findsStructuredPersonalData() {
    var records = SharedData.lines("pii.jsonl");
    assertReached(measure(records, "pii.card"), 0.99, 0.99);
    assertReached(measure(records, "pii.email"), 0.99, 0.99);
    assertReached(measure(records, "pii.iban"), 0.99, 0.99);
    assertReached(measure(records, "pii.ip"), 0.99, 0.99);
    assertReached(measure(records, "pii.ssn"), 0.99, 0.99);
    assertReached(measure(records, "pii.phone"), 0.95, 0.87);
  }

  @Test
  void tellsSecretsFromWhatLooksLikeOne() {
    var score = new Score("secret.*");
    for (var record : SharedData.lines("secrets.jsonl")) {
      var decoded = Base64.getDecoder().decode(record.get("text_b64").asText());
      var text = new String(decoded, StandardCharsets.UTF_8);
      boolean found =
          detectors.stream()
              .filter(detector -> detector.name().startsWith("secret."))
              .anyMatch(detector -> !spans(detector, text).isEmpty());
      boolean secret = record.get("label").asText().equals("secret");
      score.add(secret, found, record.get("rule").asText() + ": " + text);
    }
    assertReached(score, 0.55, 0.68);
  }

  @Test
  void raisesFewAlarmsOnOrdinaryText() {
    int texts = 0;
    int alarms = 0;
    for (var record : SharedData.lines("qa.jsonl")) {
      var text = record.get("context").asText();
      texts++;
      for (var detector : detectors) {
        if (!spans(detector, text).isEmpty()) {
          alarms++;
          example("alarm " + detector.name() + " " + spans(detector, text) + " " + text);
        }
      }
    }
    log("alarms on ordinary text: " + alarms + " of " + texts);
    assertThat(alarms).isLessThanOrEqualTo(texts / 100);
  }

  private Score measure(List<JsonNode> records, String name) {
    var label = LABELS.get(name);
    var detector =
        detectors.stream().filter(one -> one.name().equals(name)).findFirst().orElseThrow();
    var score = new Score(name);
    for (var record : records) {
      var text = record.get("text").asText();
      var expected = new ArrayList<String>();
      for (var span : record.get("spans")) {
        if (span.get("type").asText().equals(label)) {
          int start = text.offsetByCodePoints(0, span.get("start").asInt());
          int end = text.offsetByCodePoints(0, span.get("end").asInt());
          expected.add(start + "-" + end);
        }
      }
      var found = spans(detector, text);
      for (var span : expected) {
        score.add(true, found.remove(span), text);
      }
      found.forEach(span -> score.add(false, true, span + " " + text));
    }
    return score;
  }

  private static List<String> spans(Detector detector, String text) {
    var window = Window.whole(text);
    var spans = new ArrayList<String>();
    int from = 0;
    while (detector.next(window, from) instanceof Scan.Match match) {
      int end = match.tail() == null ? match.end() : match.tail().end(window, match.end());
      spans.add(match.start() + "-" + end);
      from = end;
    }
    return spans;
  }

  private static void assertReached(Score score, double precision, double recall) {
    log(score.toString());
    assertThat(score.precision()).as(score + " precision").isGreaterThanOrEqualTo(precision);
    assertThat(score.recall()).as(score + " recall").isGreaterThanOrEqualTo(recall);
  }

  /** Texts are long and hold personal data, though made up: only for who works on a detector. */
  private static void example(String line) {
    System.getLogger(DetectorQualityTest.class.getName()).log(System.Logger.Level.DEBUG, line);
  }

  private static void log(String line) {
    System.getLogger(DetectorQualityTest.class.getName()).log(System.Logger.Level.INFO, line);
  }

  private static final class Score {
    private final String name;
    private int hits;
    private int misses;
    private int falseAlarms;

    private Score(String name) {
      this.name = name;
    }

    private void add(boolean expected, boolean found, String text) {
      if (expected && found) {
        hits++;
      } else if (expected) {
        misses++;
        example(name + " missed in: " + text);
      } else if (found) {
        falseAlarms++;
        example(name + " false alarm: " + text);
      }
    }

    private double precision() {
      return hits + falseAlarms == 0 ? 1 : (double) hits / (hits + falseAlarms);
    }

    private double recall() {
      return hits + misses == 0 ? 1 : (double) hits / (hits + misses);
    }

    @Override
    public String toString() {
      return "%s: precision %.3f recall %.3f (%d hits, %d missed, %d false)"
          .formatted(name, precision(), recall(), hits, misses, falseAlarms);
    }
  }
}
