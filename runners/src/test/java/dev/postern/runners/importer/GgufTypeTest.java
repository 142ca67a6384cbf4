package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** The expected values are what the reference implementation of the format decodes. */
class GgufTypeTest {
  record Decoded(GgufType type, List<Integer> scalesAt, int[] places, float[] values, double sum) {}

  private static final int[] SHORT = {0, 5, 17, 31};
  private static final int[] LONG = {0, 37, 70, 100, 150, 200, 255};

  static final List<Decoded> BLOCKS =
      List.of(
          block(
              GgufType.Q4_0,
              List.of(0),
              SHORT,
              -4.5155029,
              -0.25439453f,
              0.3815918f,
              0.06359863f,
              -0.12719727f),
          block(
              GgufType.Q4_1,
              List.of(0, 2),
              SHORT,
              14.4388427,
              0.25445557f,
              0.12725830f,
              0.19085693f,
              0.19085693f),
          block(
              GgufType.Q5_0,
              List.of(0),
              SHORT,
              -5.5966797,
              -0.89038086f,
              0.1907959f,
              0.12719727f,
              -0.89038086f),
          block(
              GgufType.Q5_1,
              List.of(0, 2),
              SHORT,
              29.4481201,
              1.14483643f,
              0.19085693f,
              1.71722412f,
              0.89044189f),
          block(
              GgufType.Q8_0,
              List.of(0),
              SHORT,
              3.3071289,
              7.37744141f,
              2.92553711f,
              2.28955078f,
              -7.50463867f),
          block(
              GgufType.Q4_K,
              List.of(0, 2),
              LONG,
              2013.7312,
              7.75604248f,
              2.60552979f,
              1.33477783f,
              13.41815186f,
              4.64202881f,
              5.97448730f,
              -0.00024414f),
          block(
              GgufType.Q5_K,
              List.of(0, 2),
              LONG,
              4824.2817,
              28.29840088f,
              42.60906982f,
              44.58184814f,
              60.22674561f,
              12.65545654f,
              -2.29333496f,
              3.43408203f),
          block(
              GgufType.Q6_K,
              List.of(208),
              LONG,
              -1648.3494,
              -199.4453125f,
              42.22949219f,
              74.41040039f,
              -1.39916992f,
              -50.75170898f,
              -65.88818359f,
              16.02685547f));

  private static Decoded block(
      GgufType type, List<Integer> scalesAt, int[] places, double sum, float... values) {
    return new Decoded(type, scalesAt, places, values, sum);
  }

  /** Bytes of a linear congruential generator, with halves of a sane size where scales are. */
  private static MemorySegment bytes(int size, List<Integer> scalesAt) {
    byte[] bytes = new byte[size];
    long state = 7;
    for (int i = 0; i < size; i++) {
      state = state * 1103515245 + 12345 & 0x7fffffff;
      bytes[i] = (byte) (state >> 16);
    }
    for (int i = 0; i < scalesAt.size(); i++) {
      bytes[scalesAt.get(i)] = (byte) (0x12 + i);
      bytes[scalesAt.get(i) + 1] = 0x2c;
    }
    return MemorySegment.ofArray(bytes);
  }

  @ParameterizedTest
  @FieldSource("BLOCKS")
  void decodesABlockAsTheReferenceDoes(Decoded expected) {
    GgufType type = expected.type();
    float[] values = new float[type.blockElements()];
    type.decode(bytes(type.blockBytes(), expected.scalesAt()), 0, values.length, values);
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    assertThat(sum).isCloseTo(expected.sum(), within(1e-3));
    for (int i = 0; i < expected.places().length; i++) {
      assertThat(values[expected.places()[i]]).isCloseTo(expected.values()[i], within(1e-4f));
    }
  }

  @Test
  void decodesHalvesOfBothKinds() {
    float[] value = new float[1];
    GgufType.F16.decode(MemorySegment.ofArray(new byte[] {0, 0x3e}), 0, 1, value);
    assertThat(value[0]).isEqualTo(1.5f);
    GgufType.BF16.decode(MemorySegment.ofArray(new byte[] {(byte) 0xc0, (byte) 0xbf}), 0, 1, value);
    assertThat(value[0]).isEqualTo(-1.5f);
  }
}
