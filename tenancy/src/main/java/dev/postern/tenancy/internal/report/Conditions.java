package dev.postern.tenancy.internal.report;

import io.vertx.sqlclient.Tuple;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** A WHERE clause of fixed fragments, each with one bound value that stands where the ? is. */
final class Conditions {
  private final StringJoiner where = new StringJoiner(" AND ", " WHERE ", " ").setEmptyValue(" ");
  private final Tuple values = Tuple.tuple();

  /** Adds the fragment unless its value is null. */
  Conditions and(String fragment, @Nullable Object value) {
    return value == null ? this : always(fragment, value);
  }

  Conditions always(String fragment, Object value) {
    where.add(fragment.replace("?", bind(value)));
    return this;
  }

  /** Adds a fragment without a value. */
  Conditions and(String fragment) {
    where.add(fragment);
    return this;
  }

  /** Binds a value that stands elsewhere in the statement, and names it. */
  String bind(Object value) {
    values.addValue(value);
    return "$" + values.size();
  }

  String where() {
    return where.toString();
  }

  Tuple values() {
    return values;
  }
}
