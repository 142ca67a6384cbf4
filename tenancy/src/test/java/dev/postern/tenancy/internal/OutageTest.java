package dev.postern.tenancy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.VertxException;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import java.net.ConnectException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

class OutageTest {
  @Test
  void isWhenPostgresCannotBeReachedOrAnswersTooLate() {
    for (var cause :
        List.of(
            new ConnectException("refused"),
            new TimeoutException("late"),
            ClosedConnectionException.INSTANCE,
            new VertxException("Timeout waiting for connection"),
            failure("08006"),
            failure("53300"),
            failure("57P01"),
            failure("57014"))) {
      assertThat(Outage.translate(cause))
          .as(cause.toString())
          .isInstanceOfSatisfying(
              TenancyException.class,
              translated ->
                  assertThat(translated.failure())
                      .isEqualTo(new TenancyFailure.StoreUnavailable()));
    }
  }

  @Test
  void isNotWhenTheStatementIsWrong() {
    for (var cause :
        List.of(
            failure("23505"),
            failure("42501"),
            new VertxException("Parameter at position[0] with class = [java.util.UUID]"),
            new IllegalStateException("bug"))) {
      assertThat(Outage.translate(cause)).isSameAs(cause);
    }
  }

  private static PgException failure(String state) {
    return new PgException("message", "ERROR", state, "detail");
  }
}
