package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class CudaRuntimeTest {
  @Test
  void copiesStretchesFromOnePitchToAnother() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocateFrom(JAVA_BYTE, new byte[] {1, 2, 0, 0, 3, 4, 0, 0});
      MemorySegment to = arena.allocate(6);
      MemoryCopy.PROCESSOR.copy(from.address(), 4, to.address(), 3, 2, 2);
      MemoryCopy.PROCESSOR.await();
      assertThat(to.toArray(JAVA_BYTE)).containsExactly(1, 2, 0, 3, 4, 0);
    }
  }

  @Test
  void saysWhichLibraryIsNotThere() {
    assertThatThrownBy(() -> new CudaRuntime("libnothing.so.0"))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("libnothing.so.0");
  }
}
