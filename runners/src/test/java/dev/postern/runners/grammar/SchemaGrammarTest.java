package dev.postern.runners.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import dev.postern.runners.wire.BadRequest;
import java.util.BitSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaGrammarTest {
  private static final JsonSchemaFactory VALIDATORS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

  private final ChunkTokenizer tokenizer = new ChunkTokenizer(400, 1);
  private final TokenTrie trie = TokenTrie.of(tokenizer, Set.of());

  private static void requireValid(JsonNode schema, String answer) {
    var validator =
        VALIDATORS.getSchema(
            schema, SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build());
    assertThat(validator.validate(Walks.tree(answer)))
        .as("%s against %s", answer, schema)
        .isEmpty();
  }

  @Test
  void randomAnswersToRandomSchemasAreValidAndEnd() {
    for (int round = 0; round < 120; round++) {
      var random = new Random(round);
      boolean strict = random.nextBoolean();
      JsonNode schema = new RandomSchemas(random, strict).next();
      var masks = new TokenMasks(Walks.schema(schema, strict).automaton(), trie);
      for (int walk = 0; walk < 8; walk++) {
        requireValid(schema, Walks.walk(masks, tokenizer, random));
      }
    }
  }

  @Test
  void masksAllowExactlyTheTokensThatTheAutomatonTakesByteForByte() {
    for (int round = 0; round < 40; round++) {
      var random = new Random(1000 + round);
      var masks =
          new TokenMasks(
              Walks.schema(new RandomSchemas(random, true).next(), true).automaton(), trie);
      Position position = Position.start(masks.automaton());
      for (int step = 0; step < 40 && !position.frames().isEmpty(); step++) {
        long[] bits = new long[trie.words()];
        masks.allow(position, bits);
        var taken = new BitSet();
        for (int id = 0; id < tokenizer.vocabularySize() - 1; id++) {
          if (!position.after(masks.automaton(), tokenizer.bytes(id)).dead()) {
            taken.set(id);
          }
        }
        assertThat(BitSet.valueOf(bits)).isEqualTo(taken);
        int[] ids = taken.stream().toArray();
        position =
            position.after(masks.automaton(), tokenizer.bytes(ids[random.nextInt(ids.length)]));
      }
    }
  }

  private static boolean accepts(String schema, String text) {
    return Walks.accepts(Walks.schema(schema, true), text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{'type':'string','minLength':2,'maxLength':3} ~ 'ab' 'äöü' '🎉é' '\\\\ud83d\\\\ude00x' ~"
            + " 'a' 'abcd' '\\\\ud83dxx' 'a\\\\ud83d' 'ab",
        "{'type':'integer','minimum':-12,'maximum':105} ~ -12 0 7 99 105 ~ -13 106 1.0 01 -0",
        "{'type':'integer','exclusiveMinimum':0,'exclusiveMaximum':3} ~ 1 2 ~ 0 3",
        "{'type':'number','minimum':0,'maximum':1} ~ 0 1 0.5 0.25 1.00 ~ -0.1 1.01 2 .5",
        "{'type':'string','pattern':'^[a-c]{2}(x|yz)?$'} ~ 'ab' 'abx' 'ccyz' ~ 'a' 'abz' 'abxx'",
        "{'type':'string','pattern':'b+'} ~ 'b' 'abba' ~ 'a' ''",
        "{'type':'string','format':'date'} ~ '2024-01-31' '2023-02-28' ~ '2024-02-30' '2024-1-1'",
        "{'type':'string','format':'email'} ~ 'a.b@c-d.example.org' 'x@y.de' ~ 'a@b' 'a@b.c'"
            + " '@b.de' 'a..b@c.de'",
        "{'enum':['a',1,null,true]} ~ 'a' 1 null true ~ 'b' 2 false",
        "{'const':{'k':[1]}} ~ {'k':[1]} ~ {'k':[2]}",
        "{'type':['string','null']} ~ 'x' null ~ 1",
        "{'type':'array','items':{'type':'integer'},'minItems':1,'maxItems':2} ~ [1] [1,2] ~ []"
            + " [1,2,3]",
        "{'type':'object','properties':{},'required':[],'additionalProperties':false} ~ {} ~"
            + " {'a':1}",
      })
  void takesWhatASchemaSaysAndNothingElse(String schema, String taken, String refused) {
    String json = schema.replace('\'', '"');
    for (String text : taken.split(" ")) {
      assertThat(accepts(json, text.replace('\'', '"').replace("\\\\", "\\"))).as(text).isTrue();
    }
    for (String text : refused.split(" ")) {
      assertThat(accepts(json, text.replace('\'', '"').replace("\\\\", "\\"))).as(text).isFalse();
    }
  }

  @Test
  void takesPropertiesInTheOrderOfTheSchemaWithBoundedSpace() {
    String schema =
        "{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"null\"},\"a\":{\"type\":\"null\"}},\"required\":[\"b\",\"a\"],\"additionalProperties\":false}";
    assertThat(accepts(schema, "{\"b\":null,\"a\":null}")).isTrue();
    assertThat(accepts(schema, "{\n  \"b\": null,\n  \"a\": null\n}")).isTrue();
    assertThat(accepts(schema, "{\"a\":null,\"b\":null}")).isFalse();
    assertThat(accepts(schema, "{\"b\":null}")).isFalse();
    assertThat(accepts(schema, "{\"b\":null,\"a\":null, }")).isFalse();
    assertThat(accepts(schema, "{\"b\":  null,\"a\":null}")).isFalse();
    assertThat(accepts(schema, "{\n\n\"b\":null,\"a\":null}")).isFalse();
  }

  @Test
  void leavesOutPropertiesThatAreNotRequired() {
    String schema =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"null\"},\"b\":{\"type\":\"null\"},\"c\":{\"type\":\"null\"}},\"required\":[\"b\"]}";
    Grammar grammar = Walks.schema(schema, false);
    for (String text : new String[] {"{'b':null}", "{'a':null,'b':null}", "{'b':null,'c':null}"}) {
      assertThat(Walks.accepts(grammar, text.replace('\'', '"'))).as(text).isTrue();
    }
    for (String text : new String[] {"{}", "{'a':null,'c':null}", "{,'b':null}", "{'b':null,}"}) {
      assertThat(Walks.accepts(grammar, text.replace('\'', '"'))).as(text).isFalse();
    }
  }

  @Test
  void followsReferencesIntoThemselves() {
    String schema =
        """
        {"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{
          "value":{"type":"integer"},
          "next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},
          "required":["value","next"],"additionalProperties":false}}}
        """;
    assertThat(accepts(schema, "{\"value\":1,\"next\":{\"value\":2,\"next\":null}}")).isTrue();
    assertThat(accepts(schema, "{\"value\":1,\"next\":{\"value\":2}}")).isFalse();
    String deep = "{\"value\":1,\"next\":".repeat(3000) + "null" + "}".repeat(3000);
    assertThat(accepts(schema, deep)).isTrue();
    assertThat(accepts(schema, deep.substring(1))).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{'type':'object','properties':{'a':{'type':'string'}},'required':[],'additionalProperties':false}"
            + " ~ schema.required",
        "{'type':'object','properties':{'a':{'type':'string'}},'required':['a']} ~"
            + " schema.additionalProperties",
        "{'type':'object','properties':{'a':{'type':'text'}},'required':['a'],'additionalProperties':false}"
            + " ~ schema.properties.a.type",
        "{'type':'array','items':{'not':{}}} ~ schema.items.not",
        "{'$ref':'#/$defs/gone'} ~ schema.$ref",
        "{'$ref':'https://example.com/x'} ~ schema.$ref",
        "{'$ref':'#'} ~ schema",
        "{'anyOf':[{'$ref':'#/$defs/a'}],'$defs':{'a':{'anyOf':[{'type':'null'},{'$ref':'#/$defs/a'}]}}}"
            + " ~ schema.$defs.a",
        "{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a'],'additionalProperties':false}"
            + " ~ schema",
        "{'oneOf':[{'type':'integer'},{'type':'number'}]} ~ schema.oneOf",
        "{'type':'string','pattern':'(?=x)'} ~ schema.pattern",
        "{'type':'string','pattern':'a{1,2000}'} ~ schema.pattern",
        "{'type':'string','minLength':3,'maxLength':2} ~ schema.minLength",
        "{'type':'integer','minimum':3,'maximum':2} ~ schema",
        "{'enum':[]} ~ schema.enum",
        "{'type':'array','items':{'type':'null'},'uniqueItems':true} ~ schema.uniqueItems",
        "{} ~ schema.type",
      })
  void refusesAStrictSchemaThatItCannotKeepNamingThePlace(String schema, String param) {
    assertThatThrownBy(() -> Walks.schema(schema.replace('\'', '"'), true))
        .isInstanceOfSatisfying(
            BadRequest.class, refusal -> assertThat(refusal.param()).isEqualTo(param));
  }

  @Test
  void tellsSchemasOfOneOfApartByWhatTheyRequire() {
    String schema =
        """
        {"oneOf":[
          {"type":"object","properties":{"kind":{"const":"a"},"x":{"type":"integer"}},"required":["kind","x"],"additionalProperties":false},
          {"type":"object","properties":{"kind":{"const":"b"},"y":{"type":"string"}},"required":["kind","y"],"additionalProperties":false}]}
        """;
    assertThat(accepts(schema, "{\"kind\":\"a\",\"x\":1}")).isTrue();
    assertThat(accepts(schema, "{\"kind\":\"b\",\"x\":1}")).isFalse();
  }

  @Test
  void refusesHostileSchemasWithinABudget() {
    String exploding = "{\"type\":\"string\",\"pattern\":\"^(a|b)*a(a|b){60}$\"}";
    assertThatThrownBy(() -> Walks.schema(exploding, true).automaton())
        .isInstanceOf(GrammarTooLargeException.class);
    String many =
        IntStream.rangeClosed(0, 5000)
            .mapToObj(i -> "\"p%d\":{\"type\":\"null\"}".formatted(i))
            .collect(Collectors.joining(",", "{\"type\":\"object\",\"properties\":{", "}}"));
    assertThatThrownBy(() -> Walks.schema(many, false))
        .isInstanceOfSatisfying(
            BadRequest.class,
            refusal -> assertThat(refusal.param()).isEqualTo("schema.properties"));
    var nested = new StringBuilder("{\"type\":\"null\"}");
    for (int i = 0; i < 40; i++) {
      nested.insert(0, "{\"anyOf\":[").append(",{\"type\":\"string\"}]}");
    }
    assertThat(Walks.accepts(Walks.schema(nested.toString(), true), "\"x\"")).isTrue();
    var doubling = new StringBuilder("{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < 60; i++) {
      doubling.append(
          "\"d%d\":{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d%d\"}},{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d%d\"},\"minItems\":1}]},"
              .formatted(i, i + 1, i + 1));
    }
    doubling.append("\"d60\":{\"type\":\"null\"}}}");
    Grammar grammar = Walks.schema(doubling.toString(), true);
    assertThat(Walks.accepts(grammar, "[".repeat(60) + "]".repeat(60))).isTrue();
  }

  @Test
  void compilesFiveThousandProperties() {
    String names =
        IntStream.range(0, 5000)
            .mapToObj(i -> "\"property_%d\":{\"type\":\"string\"}".formatted(i))
            .collect(Collectors.joining(","));
    String required =
        IntStream.range(0, 5000)
            .mapToObj("\"property_%d\""::formatted)
            .collect(Collectors.joining(","));
    String schema =
        "{\"type\":\"object\",\"properties\":{%s},\"required\":[%s],\"additionalProperties\":false}"
            .formatted(names, required);
    Automaton automaton = Walks.schema(schema, true).automaton();
    assertThat(automaton.states()).isLessThan(250_000);
  }
}
