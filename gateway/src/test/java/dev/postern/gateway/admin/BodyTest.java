package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.runners.wire.BadRequest;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BodyTest {
  private static Body body(String json) throws JsonProcessingException {
    return new Body((ObjectNode) Api.JSON.readTree(json), "");
  }

  private static void assertRefused(ThrowingCallable read, String param, String code) {
    assertThatThrownBy(read)
        .isInstanceOfSatisfying(
            BadRequest.class,
            bad -> {
              assertThat(bad.param()).isEqualTo(param);
              assertThat(bad.code()).isEqualTo(code);
              assertThat(bad.getMessage()).contains(param);
            });
  }

  @Test
  void namesAnUnknownField() throws JsonProcessingException {
    var body = body("{\"name\":\"a\",\"nmae\":\"b\"}");
    assertRefused(() -> body.only(Set.of("name")), "nmae", "unknown_parameter");
  }

  @Test
  void namesAFieldInsideAnotherByItsPath() throws JsonProcessingException {
    var body = body("{\"budget\":{\"amount\":{\"value\":1}}}");
    assertRefused(
        () -> body.object("budget").optionalMoney("amount"), "budget.amount.value", "invalid_type");
  }

  @Test
  void takesNullForAbsent() throws JsonProcessingException {
    var body = body("{\"name\":null}");
    assertRefused(() -> body.text("name", 10), "name", "missing_required_parameter");
    assertThat(body.optionalText("name", 10)).isNull();
    assertThat(body.optionalMoney("name")).isNull();
  }

  @Test
  void refusesNamesThatAreBlankOrTooLong() throws JsonProcessingException {
    assertThat(body("{\"name\":\" a b \"}").name("name", 10)).isEqualTo("a b");
    assertRefused(() -> body("{\"name\":\"  \"}").name("name", 10), "name", "invalid_value");
    assertRefused(() -> body("{\"name\":\"abc\"}").name("name", 2), "name", "invalid_value");
    assertRefused(() -> body("{\"name\":\"a\\u0000\"}").name("name", 10), "name", "invalid_value");
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.5", "\"1\"", "99999999999999999999", "11", "-1", "true"})
  void refusesWhatIsNoIntegerInItsBounds(String json) throws JsonProcessingException {
    var body = body("{\"n\":" + json + "}");
    assertThatThrownBy(() -> body.integer("n", 0, 10)).isInstanceOf(BadRequest.class);
  }

  @Test
  void readsWordsFlagsAndIntegers() throws JsonProcessingException {
    var body = body("{\"n\":10,\"b\":true,\"w\":\"one\"}");
    assertThat(body.integer("n", 0, 10)).isEqualTo(10);
    assertThat(body.flag("b")).isTrue();
    assertThat(body.flag("absent")).isFalse();
    assertThat(body.choice("w", Map.of("one", 1))).isEqualTo(1);
    assertRefused(() -> body.choice("w", Map.of("two", 2)), "w", "invalid_value");
    assertRefused(() -> body.flag("n"), "n", "invalid_type");
  }

  @Test
  void readsMoneyExactly() throws JsonProcessingException {
    var body = body("{\"m\":{\"value\":\"0.10\",\"currency\":\"usd\"}}");
    assertThat(body.money("m")).isEqualTo(new BigDecimal("0.10"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"value\":\"1e9\"}",
        "{\"value\":\"-1\"}",
        "{\"value\":\"\"}",
        "{\"value\":\".5\"}",
        "{\"value\":1}",
        "{\"value\":\"1\",\"currency\":\"eur\"}",
        "{\"currency\":\"usd\"}",
        "{\"value\":\"1\",\"unit\":\"usd\"}",
        "\"1\"",
        "1"
      })
  void refusesWhatIsNoAmountOfMoney(String json) throws JsonProcessingException {
    var body = body("{\"m\":" + json + "}");
    assertThatThrownBy(() -> body.money("m")).isInstanceOf(BadRequest.class);
  }
}
