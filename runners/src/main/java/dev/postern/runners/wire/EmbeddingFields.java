package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** Reads an embedding body. */
final class EmbeddingFields {
  private static final int MAX_INPUTS = 2048;

  private static final Set<String> KNOWN =
      Set.of("dimensions", "encoding_format", "input", "model", "user");

  private EmbeddingFields() {}

  static EmbeddingRequest read(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(KNOWN);
    var model = CommonFields.model(body);
    var input = TextOrTokens.read(body, "input", MAX_INPUTS);
    var format = body.oneOf("encoding_format", "float", Set.of("float", "base64"));
    var dimensions = body.integer("dimensions", 1, Integer.MAX_VALUE);
    body.text("user", 1024);
    return new EmbeddingRequest(
        tree, model, input.texts(), input.tokens(), format.equals("base64"), dimensions);
  }
}
