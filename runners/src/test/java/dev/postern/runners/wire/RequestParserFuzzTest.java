package dev.postern.runners.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Breaks good bodies in structured ways: whatever comes, it parses or it is a BadRequest. */
class RequestParserFuzzTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROUNDS = 20_000;

  private static final List<String> SEEDS =
      List.of(
          """
          {"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"}]},
           {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
           {"role":"tool","tool_call_id":"c","content":"r"}],"temperature":0.7,"top_p":1,"n":2,"stop":["a"],
           "logit_bias":{"5":1},"logprobs":true,"top_logprobs":2,"seed":1,"max_tokens":4,"stream":true,
           "stream_options":{"include_usage":true},"metadata":{"a":"b"},"response_format":{"type":"text"}}
          """,
          """
          {"model":"m","prompt":[[1,2],[3]],"max_tokens":3,"n":1,"best_of":2,"echo":true,"logprobs":3,"suffix":"x"}
          """,
          """
          {"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":3,"user":"u"}
          """,
          """
          {"model":"m","query":"q","documents":["a",{"text":"b"}],"top_n":1,"return_documents":true,"max_tokens_per_doc":9}
          """);

  private static final List<String> ODD =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1e999",
          "1.5",
          "99999999999999999999",
          "\"\"",
          "\"none\"",
          "[]",
          "{}",
          "[null]",
          "[[]]",
          "[{}]",
          "{\"type\":\"text\"}",
          "{\"a\":{\"b\":[1,\"2\"]}}",
          "[1,\"a\",[2]]");

  @Test
  void neverFailsInAnotherWay() throws IOException {
    var random = new Random(20261124);
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var tree = JSON.readTree(SEEDS.get(random.nextInt(SEEDS.size())));
      for (int i = random.nextInt(4); i >= 0; i--) {
        mutate(tree, random);
      }
      var bytes = JSON.writeValueAsBytes(tree);
      if (random.nextInt(4) == 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      var body = Buffer.buffer(bytes);
      for (var parser :
          List.<Function<Buffer, Object>>of(
              RequestParser::chat,
              RequestParser::completion,
              RequestParser::embedding,
              RequestParser::rerank,
              RequestParser::classify)) {
        try {
          accepted += parser.apply(body) == null ? 0 : 1;
        } catch (BadRequest e) {
          assertThat(e.getMessage()).isNotBlank();
          assertThat(e.code()).isNotNull();
        } catch (RuntimeException e) {
          throw new AssertionError("round " + round + ": " + body, e);
        }
      }
    }
    assertThat(accepted).as("the mutations leave some bodies acceptable").isBetween(100, ROUNDS);
  }

  private static void mutate(JsonNode tree, Random random) throws IOException {
    var containers = new ArrayList<JsonNode>();
    collect(tree, containers);
    var target = containers.get(random.nextInt(containers.size()));
    var odd = JSON.readTree(ODD.get(random.nextInt(ODD.size())));
    switch (target) {
      case ObjectNode object when !object.isEmpty() -> {
        var names = new ArrayList<String>();
        object.fieldNames().forEachRemaining(names::add);
        var name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(3)) {
          case 0 -> object.remove(name);
          case 1 -> object.set(name, odd);
          default -> object.set(name + "x", odd);
        }
      }
      case ArrayNode array -> {
        if (array.isEmpty() || random.nextBoolean()) {
          array.add(odd);
        } else {
          array.set(random.nextInt(array.size()), odd);
        }
      }
      default -> {}
    }
  }

  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (node.isContainerNode()) {
      containers.add(node);
      node.forEach(child -> collect(child, containers));
    }
  }
}
