package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.testing.GatewayBed;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import org.junit.jupiter.api.Test;

class EventLoopsTest {

  @Test
  void aResultFromElsewhereComesBackToTheEventLoopThatWaits() {
    var vertx = Vertx.vertx();
    try {
      var mine = vertx.getOrCreateContext();
      var foreign = Promise.<String>promise();
      var seen = Promise.<Context>promise();
      mine.runOnContext(start ->
          EventLoops.here(foreign.future())
              .onComplete(done -> seen.complete(Vertx.currentContext())));

      // From this test's own thread, which has no event loop.
      mine.runOnContext(started -> Thread.ofVirtual().start(() -> foreign.complete("x")));

      assertThat(GatewayBed.await(seen.future())).isSameAs(mine);
    } finally {
      GatewayBed.await(vertx.close());
    }
  }

  @Test
  void aResultThatIsThereIsUsedAtOnce() {
    var ready = Future.succeededFuture("x");

    assertThat(EventLoops.here(ready)).isSameAs(ready);
  }
}
