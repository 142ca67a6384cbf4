package dev.postern.runners.grammar;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.engine.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Random;

/** Answers of a model that knows nothing: any allowed token, and after a while one that closes. */
final class Walks {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CLOSING = "\"]}n0ft";
  private static final int WANDERING = 60;
  static final int LONGEST = 4000;

  private Walks() {}

  static JsonNode tree(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(json, e);
    }
  }

  static Grammar schema(String json, boolean strict) {
    return schema(tree(json), strict);
  }

  static Grammar schema(JsonNode schema, boolean strict) {
    var grammar = new Grammar();
    return grammar.root(SchemaCompiler.compile(grammar, schema, "schema", strict));
  }

  /** Whether a grammar takes a text that ends there. */
  static boolean accepts(Grammar grammar, String text) {
    Automaton automaton = grammar.automaton();
    return Position.start(automaton)
        .after(automaton, text.getBytes(StandardCharsets.UTF_8))
        .complete();
  }

  static String walk(TokenMasks masks, Tokenizer tokenizer, Random random) {
    var constraint = new GrammarConstraint(masks);
    var text = new ByteArrayOutputStream();
    for (int step = 0; step < LONGEST; step++) {
      int token =
          choose(
              constraint.allowed(), tokenizer, random, step > WANDERING && random.nextInt(4) > 0);
      if (tokenizer.endsGeneration(token)) {
        return text.toString(StandardCharsets.UTF_8);
      }
      text.writeBytes(tokenizer.bytes(token));
      constraint.accept(token);
    }
    throw new AssertionError("no end: " + text.toString(StandardCharsets.UTF_8).substring(0, 200));
  }

  private static int choose(long[] allowed, Tokenizer tokenizer, Random random, boolean closing) {
    int[] ids = BitSet.valueOf(allowed).stream().toArray();
    if (closing) {
      for (int id : ids) {
        if (tokenizer.endsGeneration(id)) {
          return id;
        }
      }
      for (char close : CLOSING.toCharArray()) {
        if ((allowed[close >>> 6] >>> close & 1) != 0) {
          return close;
        }
      }
    }
    return ids[random.nextInt(ids.length)];
  }
}
