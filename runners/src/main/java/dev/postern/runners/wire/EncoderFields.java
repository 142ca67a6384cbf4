package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/** Reads the bodies that encoders answer: embeddings, rerankings and classifications. */
final class EncoderFields {
  private static final int MAX_INPUTS = 2048;
  private static final int MAX_DOCUMENTS = 1000;

  private static final Set<String> EMBEDDING =
      Set.of("dimensions", "encoding_format", "input", "model", "user");
  private static final Set<String> RERANK =
      Set.of(
          "documents", "max_tokens_per_doc", "model", "query", "return_documents", "top_n", "user");
  private static final Set<String> CLASSIFY = Set.of("input", "model", "user");

  private EncoderFields() {}

  static EmbeddingRequest embedding(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(EMBEDDING);
    var model = CommonFields.model(body);
    var input = TextOrTokens.read(body, "input", MAX_INPUTS);
    var format = body.oneOf("encoding_format", "float", Set.of("float", "base64"));
    var dimensions = body.integer("dimensions", 1, Integer.MAX_VALUE);
    body.text("user", 1024);
    return new EmbeddingRequest(
        tree, model, input.texts(), input.tokens(), format.equals("base64"), dimensions);
  }

  static RerankRequest rerank(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(RERANK);
    var model = CommonFields.model(body);
    var query = body.required("query", body.text("query", Integer.MAX_VALUE));
    if (query.isBlank()) {
      throw body.invalid("query", "must not be empty");
    }
    var documents = documents(body);
    int topN = body.integer("top_n", documents.size(), 1, Integer.MAX_VALUE);
    boolean returnDocuments = body.flag("return_documents");
    int cut = body.integer("max_tokens_per_doc", Integer.MAX_VALUE, 1, Integer.MAX_VALUE);
    body.text("user", 1024);
    return new RerankRequest(tree, model, query, documents, topN, returnDocuments, cut);
  }

  private static List<String> documents(Fields body) {
    ArrayNode array = body.required("documents", body.array("documents"));
    if (array.isEmpty() || array.size() > MAX_DOCUMENTS) {
      throw body.invalid("documents", "must have 1 to %d entries".formatted(MAX_DOCUMENTS));
    }
    return Fields.each(
        array,
        "documents",
        item -> {
          if (!item.value().isObject()) {
            return Fields.text(item.value(), item.path());
          }
          var document = Fields.object(item.value(), item.path());
          document.allowOnly(Set.of("text"));
          return document.required("text", document.text("text", Integer.MAX_VALUE));
        });
  }

  static ClassifyRequest classify(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(CLASSIFY);
    var model = CommonFields.model(body);
    var input = TextOrTokens.read(body, "input", MAX_INPUTS);
    if (!input.tokens().isEmpty()) {
      throw body.invalid("input", "must be a string or a list of strings");
    }
    body.text("user", 1024);
    return new ClassifyRequest(tree, model, input.texts());
  }
}
