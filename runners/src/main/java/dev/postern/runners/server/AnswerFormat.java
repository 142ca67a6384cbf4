package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** In what the answers of the chat API and of the text API differ. */
interface AnswerFormat {
  String idPrefix();

  String object();

  String chunkObject();

  /** The fields of a choice in a document. */
  void choice(JsonGenerator json, Delta answer) throws IOException;

  /** The fields of the first chunk of a choice, which has no text of the model yet. */
  void opening(JsonGenerator json) throws IOException;

  /**
   * The fields of a choice in a chunk.
   *
   * @param offset characters of the choice before it
   */
  void delta(JsonGenerator json, Delta delta, int offset) throws IOException;

  /** The fields of a choice in the chunk that ends it. */
  void closing(JsonGenerator json) throws IOException;
}
