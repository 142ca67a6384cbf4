package dev.postern.runners.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** JSON as values of a template. */
final class JsonTrees {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private JsonTrees() {}

  static Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> {
        Map<String, Object> map = Values.map();
        node.properties().forEach(entry -> map.put(entry.getKey(), value(entry.getValue())));
        yield map;
      }
      case ARRAY -> {
        List<Object> list = new ArrayList<>();
        node.forEach(item -> list.add(value(item)));
        yield list;
      }
      case STRING -> node.textValue();
      case BOOLEAN -> node.booleanValue();
      case NUMBER ->
          node.canConvertToLong() && node.isIntegralNumber()
              ? (Object) node.longValue()
              : node.doubleValue();
      case NULL, MISSING, BINARY, POJO -> Values.NONE;
    };
  }

  /** The object that a text stands for; a text that is no object stays a text. */
  static Object object(String json) {
    try {
      JsonNode node = MAPPER.readTree(json);
      return node != null && node.isObject() ? value(node) : json;
    } catch (JsonProcessingException notJson) {
      return json;
    }
  }
}
