package dev.postern.runners.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;

/** A named constant of a node. */
public sealed interface Attribute {
  record Whole(String name, long value) implements Attribute {}

  record Real(String name, float value) implements Attribute {}

  static Attribute of(String name, long value) {
    return new Whole(name, value);
  }

  static Attribute of(String name, float value) {
    return new Real(name, value);
  }

  default AttributeProto proto() {
    return switch (this) {
      case Whole(String name, long value) ->
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.INT)
              .setI(value)
              .build();
      case Real(String name, float value) ->
          AttributeProto.newBuilder()
              .setName(name)
              .setType(AttributeProto.AttributeType.FLOAT)
              .setF(value)
              .build();
    };
  }
}
