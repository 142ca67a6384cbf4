package dev.postern.runners.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.MixedFormat;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.onnx.SwitchedFormat.Product;
import dev.postern.runners.quality.Quantization.Target;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class QuantizationIT {
  @TempDir private static Path folder;
  private static Path cache;
  private static Path source;
  private static ModelFolder served;

  @BeforeAll
  static void importTiny() throws Exception {
    cache = folder.resolve("cache");
    source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(5));
    served = new ModelImport(cache, new BlockInt8Format()).run(source, null, ImportProgress.NONE);
  }

  private static ModelFolder quantised(Target target) throws Exception {
    return new Quantization(cache, () -> Instant.EPOCH)
        .run(served, source, target, StudyProgress.NONE);
  }

  private static QualityRow row(ModelFolder model) throws Exception {
    return QualityRows.of(model).orElseThrow();
  }

  @Test
  void fourBitsAreSmallerAndFartherFromTheFloatsThanEight() throws Exception {
    ModelFolder four = quantised(new Target.FourBits());
    assertThat(four.manifest().weights()).isEqualTo("q4");
    assertThat(row(four).divergence()).isGreaterThan(row(served).divergence()).isLessThan(2);
    assertThat(weightBytes(four)).isLessThanOrEqualTo(weightBytes(served));
    assertThat(StoredFormats.of(cache, served).formats()).hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void integersAreAFormatToAskForWhereTheProcessorMultipliesThemRight() throws Exception {
    if (ServedFormat.bytesMultiplyExactly()) {
      ModelFolder integers = quantised(new Target.Integers());
      assertThat(integers.manifest().weights()).isEqualTo("int8");
      assertThat(row(integers).divergence()).isPositive();
    } else {
      assertThatThrownBy(() -> quantised(new Target.Integers()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("processor");
    }
  }

  @Test
  void aMixtureStaysWithinItsDivergence() throws Exception {
    double most = 0.1;
    try (var bench = Workbench.open(cache, source, StudyProgress.NONE);
        var sensitivity = Sensitivity.open(bench, EvaluationTexts.own(), StudyProgress.NONE)) {
      assertThat(sensitivity.of(Set.of())).isZero();
      assertThat(sensitivity.products().stream().map(Product::name))
          .contains("layer.0.qkv", "layer.1.down")
          .hasSize(4 * TinyLlama.LAYERS)
          .doesNotContain("embed");
      var order = sensitivity.order(StudyProgress.NONE);
      assertThat(new HashSet<>(order)).hasSameSizeAs(sensitivity.products());
      Set<Product> all = new HashSet<>(order);
      Set<Product> some = sensitivity.within(order, most);
      assertThat(some.size()).isLessThan(all.size());
      assertThat(sensitivity.of(some)).isLessThanOrEqualTo(most);
      assertThat(sensitivity.of(all)).isGreaterThan(most);
      assertThat(sensitivity.within(order, 1e9)).isEqualTo(all);
      // What is switched to four bits is what would be stored so.
      var names = new TreeSet<String>();
      some.forEach(product -> names.add(product.name()));
      var mixed =
          bench.scratch(new MixedFormat(new BlockInt8Format(), names), "", StudyProgress.NONE);
      assertThat(mixed.manifest().weights()).startsWith("mixed-" + some.size() + "-");
    }
  }

  @Test
  void aMixtureComesDownToASize() {
    List<Product> order =
        List.of(
            new Product("a", 3200, 2400), new Product("b", 3200, 2400), new Product("c", 32, 24));
    assertThat(Quantization.smallest(order, 0)).isEmpty();
    assertThat(Quantization.smallest(order, 1200)).containsExactly(order.getFirst());
    assertThat(Quantization.smallest(order, 1201)).hasSize(2);
    assertThat(Quantization.smallest(order, Long.MAX_VALUE)).hasSize(3);
  }

  @Test
  void refusesAnotherModelsFile() throws Exception {
    Path other = folder.resolve("other.gguf");
    Files.write(other, TinyLlama.gguf(6));
    assertThatThrownBy(() ->
            new Quantization(cache, () -> Instant.EPOCH)
                .run(served, other, new Target.FourBits(), StudyProgress.NONE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not the file");
  }

  private static long weightBytes(ModelFolder folder) {
    return Objects.requireNonNull(folder.manifest().files().get(ModelFolder.WEIGHTS)).bytes();
  }
}
