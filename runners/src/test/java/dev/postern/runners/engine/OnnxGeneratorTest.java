package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.importer.ImportException;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.RowInt8Format;
import org.junit.jupiter.api.Test;

class OnnxGeneratorTest {
  @Test
  void refusesWholeRowsOfBytesWhereTheirProductsAreWrong() {
    String format = new RowInt8Format().name();
    assertThatThrownBy(() -> OnnxGenerator.requireExactProducts(format, () -> false))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("int8")
        .hasMessageContaining("import it again");
  }

  @Test
  void takesThemWhereTheirProductsAreRight() {
    String format = new RowInt8Format().name();
    assertThatCode(() -> OnnxGenerator.requireExactProducts(format, () -> true))
        .doesNotThrowAnyException();
  }

  @Test
  void doesNotTryTheProcessorForOtherFormats() {
    String format = new BlockInt8Format().name();
    assertThatCode(() ->
            OnnxGenerator.requireExactProducts(
                format,
                () -> {
                  throw new AssertionError("tried");
                }))
        .doesNotThrowAnyException();
  }
}
