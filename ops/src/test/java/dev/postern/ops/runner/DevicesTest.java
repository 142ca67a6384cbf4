package dev.postern.ops.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.postern.ops.UsageException;
import dev.postern.runners.ort.CudaRuntime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DevicesTest {
  @Test
  void areNamedOneByOne() {
    assertThat(Devices.parse("auto").names()).containsExactly("auto");
    assertThat(Devices.parse("cuda:0, cuda:1").names()).containsExactly("cuda:0", "cuda:1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "cuda:0,", "cuda:0,cuda:0", "cpu,cuda"})
  void refusesWhatIsNone(String list) {
    assertThatThrownBy(() -> Devices.parse(list)).isInstanceOf(UsageException.class);
  }

  @Test
  void eachHasAPortOfItsOwn() {
    var place = new RunnerPlace("127.0.0.1", 9000, "cpu", "4g");
    assertThat(place.onEach(Devices.parse("cuda:0,cuda:1")))
        .isEqualTo(
            List.of(
                new RunnerPlace("127.0.0.1", 9000, "cuda:0", "4g"),
                new RunnerPlace("127.0.0.1", 9001, "cuda:1", "4g")));
  }

  @Test
  void saysWhatIsMissingWhereCudaIsDemandedAndNotThere() {
    assumeThat(CudaRuntime.obstacle(0)).isPresent();
    assertThatThrownBy(Devices.parse("cpu,cuda:0")::requireUsable)
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("cuda:0 cannot be used");
    Devices.parse("auto").requireUsable();
    assertThat(Devices.parse("cpu,auto").onCuda()).isFalse();
    assertThat(Devices.parse("cpu,cuda:0").onCuda()).isTrue();
  }
}
