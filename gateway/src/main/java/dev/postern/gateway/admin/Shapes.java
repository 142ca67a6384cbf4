package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.WireId;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Shapes that several routes share. */
final class Shapes {
  static final String CURRENCY = "usd";

  private static final double MICROS = 1_000.0;

  private Shapes() {}

  static ObjectNode object(String kind) {
    return Api.JSON.createObjectNode().put("object", kind);
  }

  /** A page of a list; its items carry their id. */
  static <T> ObjectNode list(Page<T> page, Function<? super T, ObjectNode> shape) {
    var list = object("list");
    var data = list.putArray("data");
    page.data().forEach(item -> data.add(shape.apply(item)));
    list.set("first_id", data.path(0).path("id").isMissingNode() ? null : data.get(0).get("id"));
    list.set("last_id", data.isEmpty() ? null : data.get(data.size() - 1).get("id"));
    return list.put("has_more", page.hasMore());
  }

  /** What project keys and admin keys show of themselves. */
  static ObjectNode key(String kind, ApiKey key) {
    return object(kind)
        .put("id", WireId.API_KEY.format(key.id()))
        .put("name", key.name())
        .put("redacted_value", key.redacted())
        .put("created_at", key.createdAt().getEpochSecond())
        .put("last_used_at", seconds(key.lastUsedAt()))
        .put("expires_at", seconds(key.expiresAt()))
        .put("revoked_at", seconds(key.revokedAt()));
  }

  static ObjectNode deleted(String kind, String id) {
    return object(kind).put("id", id).put("deleted", true);
  }

  static @Nullable Long seconds(@Nullable Instant time) {
    return time == null ? null : time.getEpochSecond();
  }

  static @Nullable ObjectNode money(@Nullable BigDecimal amount) {
    return amount == null
        ? null
        : Api.JSON.createObjectNode().put("value", decimal(amount)).put("currency", CURRENCY);
  }

  static String decimal(BigDecimal amount) {
    return amount.stripTrailingZeros().toPlainString();
  }

  /** Milliseconds with their fraction; null for a time that was not taken. */
  static @Nullable Double milliseconds(long micros) {
    return micros < 0 ? null : micros / MICROS;
  }

  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  static @Nullable String id(@Nullable ProjectId project) {
    return project == null ? null : WireId.PROJECT.format(project.value());
  }

  static @Nullable String id(WireId kind, @Nullable UUID id) {
    return id == null ? null : kind.format(id);
  }

  /** Says who called: a key, or a user of the console. */
  static ObjectNode putSubject(ObjectNode node, Principal.Kind kind, UUID subject) {
    boolean session = kind == Principal.Kind.SESSION;
    return node.put("api_key_id", session ? null : WireId.API_KEY.format(subject))
        .put("user_id", session ? WireId.USER.format(subject) : null);
  }
}
