package dev.postern.runners.ort;

import java.util.List;

/**
 * An operator of ours: its name and what goes in and out of it, as a graph sees it.
 *
 * @param needed how many inputs every node has; the ones behind them may be left out
 * @param made how many outputs every node has; the ones behind them may be left out
 * @param inPlace whether the first output may lie where the first input does
 */
record CustomOp(
    String name,
    List<Element> inputs,
    int needed,
    List<Element> outputs,
    int made,
    Kernel kernel,
    boolean inPlace) {

  /** One whose outputs have memory of their own. */
  CustomOp(
      String name,
      List<Element> inputs,
      int needed,
      List<Element> outputs,
      int made,
      Kernel kernel) {
    this(name, inputs, needed, outputs, made, kernel, false);
  }

  /** The types of tensors' elements, by ONNX's numbers. */
  enum Element {
    FLOAT(1),
    CODE(2),
    LONG(7);

    private final int number;

    Element(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  /** What the operator does. Called on any thread that runs a session. */
  @FunctionalInterface
  interface Kernel {
    void compute(KernelContext context);
  }
}
