package dev.postern.runners.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallerHeadersTest {
  @Test
  void readsWhatItWrote() {
    var caller = new CallerHeaders("0199-org.a_b", 7, -3);
    var headers = new HashMap<String, String>();
    caller.write(headers::put);
    assertThat(CallerHeaders.read(headers::get)).isEqualTo(caller);
  }

  @Test
  void isNobodyWithoutHeaders() {
    assertThat(CallerHeaders.read(Map.<String, String>of()::get)).isEqualTo(CallerHeaders.NOBODY);
    CallerHeaders.NOBODY.write((name, value) -> {
      throw new AssertionError(name + value);
    });
  }

  @ParameterizedTest
  @CsvSource({
    "x-postern-tenant,a b",
    "x-postern-tenant,ä",
    "x-postern-weight,0",
    "x-postern-weight,1001",
    "x-postern-weight,much",
    "x-postern-priority,-101",
    "x-postern-priority,1.5"
  })
  void refusesAHeaderThatIsNotSoundByItsName(String header, String value) {
    assertThatThrownBy(() -> CallerHeaders.read(Map.of(header, value)::get))
        .isInstanceOf(BadRequest.class)
        .hasMessageContaining(header);
  }
}
