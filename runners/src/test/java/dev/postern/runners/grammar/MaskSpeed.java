package dev.postern.runners.grammar;

import dev.postern.runners.tokenizer.ModelTokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Prints what a grammar costs a token of a real vocabulary. Arguments: a tokenizer.json, and the id
 * of its token that ends an answer.
 */
final class MaskSpeed {
  private static final String SCHEMA =
      """
      {"type":"object","properties":{
        "name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":130},
        "email":{"type":["string","null"]},"short":{"type":"string","maxLength":200},
        "tags":{"type":"array","items":{"type":"string"}},
        "address":{"type":"object","properties":{"street":{"type":"string"},"kind":{"enum":["home","work"]}},
          "required":["street","kind"],"additionalProperties":false}},
       "required":["name","age","email","short","tags","address"],"additionalProperties":false}
      """;
  private static final String ANSWER =
      """
      {"name": "Ada Lovelace, countess and \\"first\\" programmer", "age": 36, "email": "ada@example.org",
      "short": "She wrote notes on the analytical engine, and in them the first program there was.",
      "tags": ["mathematics", "engines", "Müller & 日本"],
      "address": {"street": "12 St James's Square, London", "kind": "home"}}\
      """;

  private MaskSpeed() {}

  public static void main(String[] arguments) throws Exception {
    int end = Integer.parseInt(arguments[1]);
    try (var tokenizer =
        ModelTokenizer.open(Path.of(arguments[0]), Optional.empty(), Set.of(end))) {
      long began = System.nanoTime();
      var trie = TokenTrie.of(tokenizer, Set.of());
      System.out.printf("trie: %d ms%n", (System.nanoTime() - began) / 1_000_000);
      began = System.nanoTime();
      measure("schema", Walks.schema(SCHEMA, true).automaton(), trie, tokenizer);
      var any = new Grammar();
      measure(
          "json_object", any.root(Expression.call(JsonText.OBJECT)).automaton(), trie, tokenizer);
    }
  }

  private static void measure(
      String name, Automaton automaton, TokenTrie trie, ModelTokenizer tokenizer) {
    var masks = new TokenMasks(automaton, trie);
    int[] tokens = tokenizer.encode(ANSWER, false);
    for (int round = 0; round < 200; round++) {
      var constraint = new GrammarConstraint(masks);
      long began = System.nanoTime();
      for (int token : tokens) {
        if ((constraint.allowed()[token >>> 6] >>> token & 1) == 0) {
          throw new IllegalStateException(
              "not allowed: " + new String(tokenizer.bytes(token), StandardCharsets.UTF_8));
        }
        constraint.accept(token);
      }
      long micros = (System.nanoTime() - began) / 1000;
      if (round < 3 || round == 199) {
        System.out.printf(
            "%s: answer %d, %d tokens of %d: %.1f us a token%n",
            name, round, tokens.length, trie.vocabularySize(), (double) micros / tokens.length);
      }
    }
  }
}
