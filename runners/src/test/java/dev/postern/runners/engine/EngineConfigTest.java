package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EngineConfigTest {
  private static final EngineConfig DEFAULTS = EngineConfig.defaults();

  @Test
  void knowsDevicesByName() {
    assertThat(DEFAULTS.onDevice("cpu").provider()).isEqualTo(EngineConfig.Provider.CPU);
    assertThat(DEFAULTS.onDevice("auto").provider()).isEqualTo(EngineConfig.Provider.AUTO);
    assertThat(DEFAULTS.onDevice("cuda:3"))
        .isEqualTo(DEFAULTS.withProvider(EngineConfig.Provider.CUDA).withDevice(3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:1000", "cuda:0,cuda:1"})
  void refusesOtherNames(String name) {
    assertThatThrownBy(() -> DEFAULTS.onDevice(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("cuda:0");
  }
}
