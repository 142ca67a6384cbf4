package dev.postern.runners.importer;

import static dev.postern.runners.importer.Gguf.FLOAT;
import static dev.postern.runners.importer.Gguf.INT;
import static dev.postern.runners.importer.Gguf.SHORT;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * How GGML stores numbers: blocks of elements with shared scales. Each constant decodes one block;
 * the layouts are those of the public GGML block formats.
 */
public enum GgufType {
  F32(0, 1, 4) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      out[to] = data.get(FLOAT, at);
    }
  },
  F16(1, 1, 2) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      out[to] = half(data, at);
    }
  },
  Q4_0(2, 32, 18) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      for (int i = 0; i < 16; i++) {
        int pair = unsigned(data, at + 2 + i);
        out[to + i] = ((pair & 15) - 8) * scale;
        out[to + 16 + i] = ((pair >> 4) - 8) * scale;
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at);
    }
  },
  Q4_1(3, 32, 20) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      float minimum = half(data, at + 2);
      for (int i = 0; i < 16; i++) {
        int pair = unsigned(data, at + 4 + i);
        out[to + i] = (pair & 15) * scale + minimum;
        out[to + 16 + i] = (pair >> 4) * scale + minimum;
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at);
    }
  },
  Q5_0(6, 32, 22) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      int high = data.get(INT, at + 2);
      for (int i = 0; i < 16; i++) {
        int pair = unsigned(data, at + 6 + i);
        out[to + i] = ((pair & 15 | (high >>> i & 1) << 4) - 16) * scale;
        out[to + 16 + i] = ((pair >> 4 | (high >>> i + 16 & 1) << 4) - 16) * scale;
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at);
    }
  },
  Q5_1(7, 32, 24) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      float minimum = half(data, at + 2);
      int high = data.get(INT, at + 4);
      for (int i = 0; i < 16; i++) {
        int pair = unsigned(data, at + 8 + i);
        out[to + i] = (pair & 15 | (high >>> i & 1) << 4) * scale + minimum;
        out[to + 16 + i] = (pair >> 4 | (high >>> i + 16 & 1) << 4) * scale + minimum;
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at);
    }
  },
  Q8_0(8, 32, 34) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      for (int i = 0; i < 32; i++) {
        out[to + i] = data.get(JAVA_BYTE, at + 2 + i) * scale;
      }
    }
  },
  Q4_K(12, 256, 144) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      float minimum = half(data, at + 2);
      for (int group = 0; group < 8; group++) {
        float d = scale * sixBitScale(data, at + 4, group);
        float m = minimum * sixBitMinimum(data, at + 4, group);
        long low = at + 16 + group / 2 * 32;
        for (int i = 0; i < 32; i++) {
          int code = unsigned(data, low + i) >> (group & 1) * 4 & 15;
          out[to + group * 32 + i] = d * code - m;
        }
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at) * sixBitScale(data, at + 4, group);
    }
  },
  Q5_K(13, 256, 176) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at);
      float minimum = half(data, at + 2);
      for (int group = 0; group < 8; group++) {
        float d = scale * sixBitScale(data, at + 4, group);
        float m = minimum * sixBitMinimum(data, at + 4, group);
        long low = at + 48 + group / 2 * 32;
        for (int i = 0; i < 32; i++) {
          int high = unsigned(data, at + 16 + i) >> group & 1;
          int code = unsigned(data, low + i) >> (group & 1) * 4 & 15 | high << 4;
          out[to + group * 32 + i] = d * code - m;
        }
      }
    }

    @Override
    float step(MemorySegment data, long at, int group) {
      return half(data, at) * sixBitScale(data, at + 4, group);
    }
  },
  Q6_K(14, 256, 210) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      float scale = half(data, at + 208);
      // Two halves of 128; in each, four runs of 32 share their high bits' bytes.
      for (int run = 0; run < 8; run++) {
        int half = run / 4;
        int quarter = run % 4;
        long low = at + half * 64 + (quarter & 1) * 32;
        long high = at + 128 + half * 32;
        for (int i = 0; i < 32; i++) {
          int lowBits = unsigned(data, low + i) >> (quarter >> 1) * 4 & 15;
          int highBits = unsigned(data, high + i) >> quarter * 2 & 3;
          int groupScale = data.get(JAVA_BYTE, at + 192 + run * 2 + i / 16);
          out[to + run * 32 + i] = scale * groupScale * ((lowBits | highBits << 4) - 32);
        }
      }
    }
  },
  BF16(30, 1, 2) {
    @Override
    void decode(MemorySegment data, long at, float[] out, int to) {
      out[to] = Float.intBitsToFloat(data.get(SHORT, at) << 16);
    }
  };

  private final int number;
  private final int blockElements;
  private final int blockBytes;

  GgufType(int number, int blockElements, int blockBytes) {
    this.number = number;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  static Optional<GgufType> of(int number) {
    for (GgufType type : values()) {
      if (type.number == number) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  int number() {
    return number;
  }

  public int blockElements() {
    return blockElements;
  }

  public int blockBytes() {
    return blockBytes;
  }

  abstract void decode(MemorySegment data, long at, float[] out, int to);

  /**
   * The distance between neighbouring levels in a block's 32 elements from {@code 32 · group} on; 0
   * where they do not share one.
   */
  float step(MemorySegment data, long at, int group) {
    return 0;
  }

  /**
   * Decodes {@code count} elements, a whole number of blocks, from the element {@code first} on.
   */
  void decode(MemorySegment data, long first, int count, float[] out) {
    long at = first / blockElements * blockBytes;
    for (int to = 0; to < count; to += blockElements) {
      decode(data, at, out, to);
      at += blockBytes;
    }
  }

  private static float half(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(SHORT, at));
  }

  private static int unsigned(MemorySegment data, long at) {
    return data.get(JAVA_BYTE, at) & 255;
  }

  /** Eight 6-bit scales and eight 6-bit minimums share twelve bytes. */
  private static int sixBitScale(MemorySegment data, long packed, int group) {
    return group < 4
        ? unsigned(data, packed + group) & 63
        : unsigned(data, packed + group + 4) & 15 | unsigned(data, packed + group - 4) >> 6 << 4;
  }

  private static int sixBitMinimum(MemorySegment data, long packed, int group) {
    return group < 4
        ? unsigned(data, packed + group + 4) & 63
        : unsigned(data, packed + group + 4) >> 4 | unsigned(data, packed + group) >> 6 << 4;
  }
}
