package dev.postern.runners.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Bytes to a JSON object, refusing whatever would cost memory out of proportion or that another
 * reader could understand differently.
 */
final class JsonBody {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_STRING = 8 * 1024 * 1024;
  private static final int MAX_NUMBER = 64;
  private static final int MAX_NAME = 1024;

  /** Bounds the tree: a token of three bytes can become an object of a hundred. */
  private static final int MAX_VALUES = 500_000;

  private static final int DECODED_AT_ONCE = 4096;

  private static final ObjectReader READER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_STRING)
                          .maxNumberLength(MAX_NUMBER)
                          .maxNameLength(MAX_NAME)
                          .maxTokenCount(MAX_VALUES)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

  private JsonBody() {}

  static ObjectNode parse(byte[] bytes) {
    if (bytes.length == 0) {
      throw invalid("The request has no body; send a JSON object.");
    }
    requireUtf8(bytes);
    JsonNode tree;
    try {
      tree = READER.readValue(bytes);
    } catch (StreamConstraintsException e) {
      throw invalid(
          "The body is beyond what is accepted: at most %d levels of nesting, %d values, strings of %d characters and numbers of %d digits."
              .formatted(MAX_DEPTH, MAX_VALUES, MAX_STRING, MAX_NUMBER));
    } catch (JsonProcessingException e) {
      throw invalid("The body is not valid JSON" + place(e) + ".");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!(tree instanceof ObjectNode object)) {
      throw invalid("The body must be a JSON object.");
    }
    if (mayEscapeSurrogates(bytes)) {
      requireWholeCharacters(object);
    }
    return object;
  }

  private static String place(JsonProcessingException e) {
    var duplicate = e.getOriginalMessage();
    var reason =
        duplicate != null && duplicate.startsWith("Duplicate field") ? ": a key is repeated" : "";
    var location = e.getLocation();
    return location == null
        ? reason
        : "%s at line %d, column %d"
            .formatted(reason, location.getLineNr(), location.getColumnNr());
  }

  /** Jackson would guess UTF-16 or UTF-32 from zero bytes and lets some malformed UTF-8 pass. */
  private static void requireUtf8(byte[] bytes) {
    var decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    var in = ByteBuffer.wrap(bytes);
    var out = CharBuffer.allocate(Math.min(bytes.length, DECODED_AT_ONCE) + 1);
    while (true) {
      var result = decoder.decode(in, out, true);
      if (result.isError() || bytes[0] == 0 || (bytes.length > 1 && bytes[1] == 0)) {
        throw invalid("The body is not valid UTF-8.");
      }
      if (result.isUnderflow()) {
        return;
      }
      out.clear();
    }
  }

  private static boolean mayEscapeSurrogates(byte[] bytes) {
    for (int i = 0; i + 2 < bytes.length; i++) {
      if (bytes[i] == '\\' && bytes[i + 1] == 'u' && (bytes[i + 2] | 0x20) == 'd') {
        return true;
      }
    }
    return false;
  }

  private static void requireWholeCharacters(JsonNode node) {
    if (node.isTextual()) {
      requireWholeCharacters(node.textValue());
    }
    for (var name : (Iterable<String>) node::fieldNames) {
      requireWholeCharacters(name);
    }
    for (var child : node) {
      requireWholeCharacters(child);
    }
  }

  private static void requireWholeCharacters(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        boolean pair =
            i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1));
        if (!pair) {
          throw invalid(
              "A string holds half of a surrogate pair (\\ud800 to \\udfff); send both halves.");
        }
        i++;
      }
    }
  }

  private static BadRequest invalid(String message) {
    return new BadRequest(message, null, "invalid_json");
  }
}
