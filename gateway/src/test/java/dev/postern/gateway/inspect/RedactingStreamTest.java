package dev.postern.gateway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class RedactingStreamTest {
  private static final String TOKEN = "kX9mQ2vT7bR4nW8pL5cJ1dF6hG3sZ0yA";
  private static final String JWT = "eyJ" + TOKEN + ".eyJ" + TOKEN.repeat(20) + "." + TOKEN + TOKEN;
  private static final String PEM =
      "-----BEGIN PRIVATE"
          + " KEY-----\n"
          + (TOKEN + TOKEN + "\n").repeat(25)
          + "-----END PRIVATE"
          + " KEY-----";

  /** Each holds values next to, inside and right after others, and text around them. */
  static final List<String> CORPUS =
      List.of(
          "",
          "The capital of France is Paris.",
          "Mail jane.doe@example.com or joe@example.org, not @home.",
          "a.b@c.d@e.fg@h.ij and x@y.zz.",
          "Card 4111 1111 1111 1111 exp 12/27; 4111-1111-1111-1112 is none. 378282246310005!",
          "IBAN: DE89 3704 0044 0532 0130 00 and GB82WEST12345698765432, FR20 mots.",
          "SSN 123-45-6789, 123456789; order 987654321. 078-05-1120",
          "Hosts 10.0.0.1:80, 2001:db8::8a2e:370:7334, version 1.2.3.4, 1.2.3.4.5 and 12:30:45.",
          "Call +44 20 7946 0958 or (415) 555-2671 ext. 12, 415-555-2671x7; 2024-11-24 10:30.",
          "Passport number C01X00T47 and passport 533380006, room 533380006.",
          "key sk-proj-" + TOKEN + " and ghp_" + TOKEN + "abcd, API_KEY = '" + TOKEN + "'.",
          "Authorization: Bearer " + TOKEN + TOKEN + TOKEN + TOKEN + TOKEN + " done",
          "token " + JWT + " then " + JWT + "@example.com 10.0.0.1",
          "Before\n" + PEM + "\nafter a@b.cd",
          "cut off: " + PEM.substring(0, 400),
          "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
          "password: hunter2, DB_PASSWORD=s3cr3tpw; my password is required. \"pwd\":\"öäü😀pass\"",
          "postgres://app:pl4inT3xt@db.example.com:5432/x and curl -u bob:s3cretPW http://h",
          "Project Bluebird, project\n bluebird; Ｐｒｏｊｅｃｔ　Ｂｌｕｅｂｉｒｄ projectbluebird bluebird",
          "これは東京計画です。 😀 emoji 👩‍👩‍👧 and 𝐏𝐫𝐨𝐣𝐞𝐜𝐭 𝐁𝐥𝐮𝐞𝐛𝐢𝐫𝐝 end 😀",
          "x".repeat(700) + "@example.com " + "1".repeat(500) + " " + "a.".repeat(300),
          "4111111111111111@example.com 4111111111111111");

  private static final List<String> BLOCK_LIST =
      List.of("Project Bluebird", "bluebird", "東京計画", "done");

  private final RuleDetectors catalog = new RuleDetectors();

  private InspectionPlan plan(Map<String, Action> overrides, Action otherwise) {
    var actions = new HashMap<String, Action>();
    catalog.entries().forEach(entry -> actions.put(entry.name(), otherwise));
    actions.putAll(overrides);
    return InspectionPlan.of(catalog, new GuardrailPolicy(1, actions, BLOCK_LIST));
  }

  private static RedactingStream.Result stream(InspectionPlan plan, List<String> pieces) {
    var stream = new RedactingStream(plan);
    var output = new StringBuilder();
    pieces.forEach(piece -> output.append(stream.accept(piece)));
    output.append(stream.finish());
    return new RedactingStream.Result(output.toString(), stream.blocked(), stream.findings());
  }

  private static List<String> characters(String text) {
    var pieces = new ArrayList<String>();
    text.chars().forEach(unit -> pieces.add(String.valueOf((char) unit)));
    return pieces;
  }

  private static List<String> cut(String text, Random random) {
    var pieces = new ArrayList<String>();
    for (int at = 0; at < text.length(); ) {
      int next = Math.min(text.length(), at + 1 + random.nextInt(1 + random.nextInt(40)));
      pieces.add(text.substring(at, next));
      at = next;
    }
    return pieces;
  }

  private List<InspectionPlan> plans() {
    return List.of(
        plan(Map.of(), Action.REDACT),
        plan(Map.of("pii.email", Action.FLAG, "secret.jwt", Action.OFF), Action.REDACT),
        plan(Map.of("pii.card", Action.BLOCK), Action.REDACT),
        plan(Map.of("topic.block_list", Action.BLOCK), Action.FLAG),
        plan(Map.of("pii.email", Action.REDACT), Action.OFF));
  }

  @ParameterizedTest
  @FieldSource("CORPUS")
  void givesTheSameTextWhereverItIsCut(String text) {
    for (var plan : plans()) {
      var whole = RedactingStream.inspect(plan, text);
      for (int cut = 0; cut <= text.length(); cut++) {
        var pieces = List.of(text.substring(0, cut), text.substring(cut));
        assertSame(stream(plan, pieces), whole, pieces);
      }
      assertSame(stream(plan, characters(text)), whole, List.of("one by one"));
      var random = new Random(7);
      for (int i = 0; i < 200; i++) {
        var pieces = cut(text, random);
        assertSame(stream(plan, pieces), whole, pieces);
      }
    }
  }

  @Test
  void givesTheSameTextForAnyMixtureOfTheCorpus() {
    var random = new Random(11);
    for (int i = 0; i < 400; i++) {
      var text = new StringBuilder();
      for (int parts = 0; parts < 6; parts++) {
        var source = CORPUS.get(1 + random.nextInt(CORPUS.size() - 1));
        int start = random.nextInt(source.length());
        int length = random.nextInt(Math.min(400, source.length() - start) + 1);
        text.append(source, start, start + length);
        text.append(List.of("", " ", ".", "1", "@", "\n").get(random.nextInt(6)));
      }
      for (var plan : plans()) {
        var whole = RedactingStream.inspect(plan, text.toString());
        assertSame(stream(plan, characters(text.toString())), whole, List.of("one by one"));
        var pieces = cut(text.toString(), random);
        assertSame(stream(plan, pieces), whole, pieces);
      }
    }
  }

  private static void assertSame(
      RedactingStream.Result streamed, RedactingStream.Result whole, List<String> pieces) {
    assertThat(streamed.text()).as("cut as %s", pieces).isEqualTo(whole.text());
    assertThat(streamed.blocked()).isEqualTo(whole.blocked());
    // After a block the rest is not looked at, so flags may be missing.
    if (!whole.blocked()) {
      assertThat(streamed.findings()).containsExactlyInAnyOrderElementsOf(whole.findings());
    }
  }

  @ParameterizedTest
  @FieldSource("CORPUS")
  void holdsBackNoMoreThanItsBound(String text) {
    var plan = plan(Map.of(), Action.REDACT);
    for (var check : plan.checks()) {
      var window = new Window(16);
      int from = 0;
      for (String piece : characters(text)) {
        window.append(piece);
        while (check.detector().next(window, from) instanceof Scan.Match match) {
          from = match.end();
        }
        if (check.detector().next(window, from) instanceof Scan.Clear clear) {
          assertThat(window.length() - clear.live())
              .as(check.detector().name())
              .isBetween(0, Window.MAX_HOLD);
          from = Math.max(from, clear.live());
        }
      }
    }
  }

  @Test
  void replacesWhatItFinds() {
    var result =
        RedactingStream.inspect(
            plan(Map.of(), Action.REDACT),
            "Mail jane@example.com, card 4111 1111 1111 1111, call 415-555-2671.");
    assertThat(result.text()).isEqualTo("Mail [EMAIL], card [CARD], call [PHONE].");
    assertThat(result.findings())
        .containsExactlyInAnyOrder(
            new Finding("pii.email", Action.REDACT, 1),
            new Finding("pii.card", Action.REDACT, 1),
            new Finding("pii.phone", Action.REDACT, 1));
  }

  @Test
  void countsWhatItOnlyFlagsAndLetsItThrough() {
    var text = "a@b.cd and c@d.ef";
    var result = RedactingStream.inspect(plan(Map.of(), Action.FLAG), text);
    assertThat(result.text()).isEqualTo(text);
    assertThat(result.findings()).containsExactly(new Finding("pii.email", Action.FLAG, 2));
  }

  @Test
  void endsTheTextAtABlockedFinding() {
    var plan = plan(Map.of("pii.card", Action.BLOCK), Action.REDACT);
    var stream = new RedactingStream(plan);
    assertThat(stream.accept("Pay with 4111 1111 ")).isEqualTo("Pay with ");
    assertThat(stream.blocked()).isFalse();
    assertThat(stream.accept("1111 1111 now")).isEmpty();
    assertThat(stream.blocked()).isTrue();
    assertThat(stream.accept("more") + stream.finish()).isEmpty();
    assertThat(stream.findings()).containsExactly(new Finding("pii.card", Action.BLOCK, 1));
  }

  @Test
  void replacesOverlappingFindingsTogether() {
    var result =
        RedactingStream.inspect(plan(Map.of(), Action.REDACT), "x 4111111111111111@example.com y");
    assertThat(result.text()).doesNotContain("4111").doesNotContain("example");
    assertThat(result.findings()).hasSize(1);
  }

  @Test
  void letsOrdinaryTextFlowWithoutAWordsDelayWhereNothingCanBeginWithAWord() {
    var actions = Map.of("pii.card", Action.REDACT, "pii.ssn", Action.REDACT);
    var stream = new RedactingStream(plan(actions, Action.OFF));
    assertThat(stream.accept("Paris")).isEqualTo("Paris");
    assertThat(stream.accept(" is")).isEqualTo(" is");
    assertThat(stream.accept(" big")).isEqualTo(" big");
  }

  @Test
  void holdsBackOnlyTheWordThatMayBecomeAnAddress() {
    var stream = new RedactingStream(plan(Map.of(), Action.REDACT));
    assertThat(stream.accept("The capital")).isEqualTo("The ");
    assertThat(stream.accept(" is Paris")).isEqualTo("capital is ");
    assertThat(stream.accept("@example.com ")).isEqualTo("[EMAIL] ");
  }

  @Test
  void replacesALongTokenWhileItIsStillComing() {
    var stream = new RedactingStream(plan(Map.of(), Action.REDACT));
    var output = new StringBuilder(stream.accept("key " + JWT.substring(0, 100)));
    for (int at = 100; at < JWT.length(); at++) {
      output.append(stream.accept(JWT.substring(at, at + 1)));
    }
    assertThat(output.toString()).isEqualTo("key [JWT]");
    assertThat(stream.accept(" end ")).isEqualTo(" end ");
  }

  @Test
  void suppressesAPrivateKeyUntilItsEnd() {
    var stream = new RedactingStream(plan(Map.of(), Action.REDACT));
    var output = new StringBuilder();
    characters("see\n" + PEM + "\nok ").forEach(piece -> output.append(stream.accept(piece)));
    assertThat(output.toString()).isEqualTo("see\n[PRIVATE_KEY]\nok ");
  }
}
