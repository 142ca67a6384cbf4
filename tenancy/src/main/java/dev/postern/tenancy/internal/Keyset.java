package dev.postern.tenancy.internal;

import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.function.Function;

/** Pages of a list that is ordered by id, newest first: ids of version 7 rise with time. */
final class Keyset {
  private Keyset() {}

  /**
   * One page.
   *
   * @param sql binds the cursor to $1, how many rows to read to $2, and the arguments from $3 on
   * @param cursorSql finds the row of a cursor, bound to $1; a cursor that names no row fails as
   *     not found, since going on from nowhere would be a wrong page
   */
  static <T> Future<Page<T>> page(
      SqlConnection connection,
      WireId kind,
      String cursorSql,
      String sql,
      PageRequest request,
      Tuple arguments,
      Function<Row, T> mapper) {
    return requireCursor(connection, kind, cursorSql, request)
        .compose(known -> {
          var bound = Tuple.of(request.after(), request.limit() + 1);
          for (var i = 0; i < arguments.size(); i++) {
            bound.addValue(arguments.getValue(i));
          }
          return connection.preparedQuery(sql).execute(bound);
        })
        .map(rows -> pageOf(rows, request.limit(), mapper));
  }

  /** The first rows as a page, when one more than its limit was asked for. */
  static <T> Page<T> pageOf(RowSet<Row> rows, int limit, Function<Row, T> mapper) {
    var items = new ArrayList<T>(limit);
    for (var row : rows) {
      if (items.size() < limit) {
        items.add(mapper.apply(row));
      }
    }
    return new Page<>(items, rows.size() > limit);
  }

  private static Future<Void> requireCursor(
      SqlConnection connection, WireId kind, String cursorSql, PageRequest request) {
    var after = request.after();
    if (after == null) {
      return Future.succeededFuture();
    }
    return connection
        .preparedQuery(cursorSql)
        .execute(Tuple.of(after))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(kind.notFound(after));
          }
          return null;
        });
  }
}
