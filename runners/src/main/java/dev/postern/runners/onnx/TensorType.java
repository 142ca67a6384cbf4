package dev.postern.runners.onnx;

/** Element types of the tensors we write, with ONNX's numbers. */
public enum TensorType {
  FLOAT(1),
  UINT8(2),
  INT8(3),
  INT32(6),
  INT64(7),
  FLOAT16(10);

  private final int number;

  TensorType(int number) {
    this.number = number;
  }

  /** As attributes of operators want it. */
  public int number() {
    return number;
  }
}
