package dev.postern.runners.ort;

import ai.onnxruntime.TensorInfo;

/** What a tensor of ours is made of, with ONNX's numbers. */
public enum ElementType {
  FLOAT(1, Float.BYTES),
  BYTE(2, Byte.BYTES),
  LONG(7, Long.BYTES),
  HALF(10, Short.BYTES),
  BRAIN_HALF(16, Short.BYTES);

  private final int number;
  private final int bytes;

  ElementType(int number, int bytes) {
    this.number = number;
    this.bytes = bytes;
  }

  /** The type of a graph's input or output. */
  public static ElementType of(TensorInfo info) {
    return switch (info.type) {
      case FLOAT -> FLOAT;
      case UINT8 -> BYTE;
      case INT64 -> LONG;
      case FLOAT16 -> HALF;
      case BFLOAT16 -> BRAIN_HALF;
      case DOUBLE, INT8, INT16, INT32, BOOL, STRING, UNKNOWN ->
          throw new IllegalArgumentException("no tensor of ours is of " + info.type);
    };
  }

  int number() {
    return number;
  }

  public int bytes() {
    return bytes;
  }
}
