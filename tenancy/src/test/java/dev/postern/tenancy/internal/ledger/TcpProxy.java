package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.testing.TestPostgres.await;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Stands between a client and PostgreSQL, and can be cut. */
final class TcpProxy {
  private final NetServer server;
  private final Set<NetSocket> sockets = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  TcpProxy(Vertx vertx, String host, int port) {
    var client = vertx.createNetClient();
    server = vertx.createNetServer();
    server.connectHandler(near -> {
      if (cut) {
        near.close();
        return;
      }
      sockets.add(near);
      near.pause();
      client
          .connect(port, host)
          .onSuccess(far -> {
            sockets.add(far);
            near.closeHandler(end -> far.close());
            far.closeHandler(end -> near.close());
            near.handler(far::write);
            far.handler(near::write);
            near.resume();
          })
          .onFailure(failure -> near.close());
    });
    await(server.listen(0, "127.0.0.1"));
  }

  int port() {
    return server.actualPort();
  }

  /** Drops all connections at whatever they are doing, and refuses new ones until {@link #mend}. */
  void cut() {
    cut = true;
    sockets.forEach(NetSocket::close);
    sockets.clear();
  }

  void mend() {
    cut = false;
  }
}
