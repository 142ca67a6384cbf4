package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import org.junit.jupiter.api.Test;

class ProviderChoiceTest {
  @Test
  void takesADeviceThatAgreesWithTheProcessor() {
    assertThatCode(
            () -> ProviderChoice.check(new ScriptedDecoder(1, 100), new ScriptedDecoder(1, 100)))
        .doesNotThrowAnyException();
  }

  @Test
  void refusesADeviceThatDoesNot() throws OrtException {
    var wrong = new ScriptedDecoder(1, 100);
    // What an earlier prompt left behind changes the scripted answer.
    wrong.prefill(0, new int[] {7}, 0, 1, false);
    assertThatThrownBy(() -> ProviderChoice.check(wrong, new ScriptedDecoder(1, 100)))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("another answer");
  }

  @Test
  void refusesADeviceWhoseStepFails() {
    var broken = new ScriptedDecoder(1, 100);
    broken.failNext(1);
    assertThatThrownBy(() -> ProviderChoice.check(broken, new ScriptedDecoder(1, 100)))
        .isInstanceOf(OrtException.class);
  }
}
