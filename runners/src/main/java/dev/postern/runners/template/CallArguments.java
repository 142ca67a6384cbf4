package dev.postern.runners.template;

import java.util.List;
import java.util.Map;

/** The values a function, method or filter was called with. */
record CallArguments(List<Object> positional, Map<String, Object> named) {
  static final CallArguments NONE = new CallArguments(List.of(), Map.of());

  Object value(int index, String name, Object otherwise) {
    if (index < positional.size()) {
      return positional.get(index);
    }
    return named.getOrDefault(name, otherwise);
  }

  long whole(int index, String name, long otherwise) {
    return value(index, name, otherwise) instanceof Long number ? number : otherwise;
  }

  List<Object> from(int index) {
    return index >= positional.size() ? List.of() : positional.subList(index, positional.size());
  }
}
