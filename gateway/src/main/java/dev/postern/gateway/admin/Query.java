package dev.postern.gateway.admin;

import dev.postern.gateway.http.Api;
import dev.postern.runners.wire.BadRequest;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.WireId;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Typed reads of a request's query. Every complaint names the parameter. */
record Query(RoutingContext ctx) {
  private static final long LAST_SECOND = 253_402_300_799L;
  private static final int MAX_LIST = 100;
  private static final int MAX_TEXT = 512;

  @Nullable String text(String name) {
    var value = Api.query(ctx, name);
    if (value != null && value.length() > MAX_TEXT) {
      throw invalid(name, "must have at most " + MAX_TEXT + " characters");
    }
    return value == null || value.isEmpty() ? null : value;
  }

  /** The value that a word stands for, null when the parameter is absent. */
  <T> @Nullable T choice(String name, Map<String, T> words) {
    var word = text(name);
    return word == null ? null : choice(name, word, words);
  }

  private static <T> T choice(String name, String word, Map<String, T> words) {
    var value = words.get(word);
    if (value == null) {
      throw invalid(name, "must be one of " + String.join(", ", words.keySet()));
    }
    return value;
  }

  boolean flag(String name) {
    return Boolean.TRUE.equals(choice(name, Map.of("true", true, "false", false)));
  }

  int integer(String name, int absent, int min, int max) {
    var text = text(name);
    return text == null ? absent : (int) number(name, text, min, max);
  }

  /** Unix seconds. */
  @Nullable Instant time(String name) {
    var text = text(name);
    return text == null ? null : Instant.ofEpochSecond(number(name, text, 0, LAST_SECOND));
  }

  Instant time(String name, Instant absent) {
    var time = time(name);
    return time == null ? absent : time;
  }

  Instant requiredTime(String name) {
    var time = time(name);
    if (time == null) {
      throw new BadRequest(
          "Missing required parameter: '%s'.".formatted(name), name, "missing_required_parameter");
    }
    return time;
  }

  /** A list that is given as {@code name=a&name=b} or {@code name[]=a&name[]=b}. */
  List<String> list(String name) {
    var values = new LinkedHashSet<>(ctx.queryParam(name));
    values.addAll(ctx.queryParam(name + "[]"));
    if (values.size() > MAX_LIST) {
      throw invalid(name, "must have at most " + MAX_LIST + " entries");
    }
    return List.copyOf(values);
  }

  <T> Set<T> choices(String name, Map<String, T> words) {
    return list(name).stream()
        .map(word -> choice(name, word, words))
        .collect(Collectors.toUnmodifiableSet());
  }

  Set<UUID> ids(String name, WireId... kinds) {
    return list(name).stream()
        .map(text -> id(name, text, kinds))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** The id of one of several kinds of object. */
  @Nullable UUID id(String name, WireId... kinds) {
    var text = text(name);
    return text == null ? null : id(name, text, kinds);
  }

  private static UUID id(String name, String text, WireId... kinds) {
    for (var kind : kinds) {
      var id = kind.parse(text);
      if (id.isPresent()) {
        return id.get();
      }
    }
    throw invalid(name, "holds no id of the right kind: '" + text + "'");
  }

  Set<ProjectId> projects(String name) {
    return ids(name, WireId.PROJECT).stream()
        .map(ProjectId::new)
        .collect(Collectors.toUnmodifiableSet());
  }

  int limit() {
    return integer("limit", PageRequest.FIRST.limit(), 1, PageRequest.MAX_LIMIT);
  }

  PageRequest page(WireId kind) {
    return new PageRequest(id("after", kind), limit());
  }

  static BadRequest invalid(String name, String rule) {
    return new BadRequest("'%s' %s.".formatted(name, rule), name, "invalid_value");
  }

  private static long number(String name, String text, long min, long max) {
    try {
      long number = Long.parseLong(text);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw invalid(name, "must be an integer, not '" + text + "'");
    }
    throw invalid(name, "must be from %d to %d".formatted(min, max));
  }
}
