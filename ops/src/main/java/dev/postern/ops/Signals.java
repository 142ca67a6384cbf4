package dev.postern.ops;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Turns SIGTERM, SIGINT and SIGHUP into an orderly stop, and a second one into an immediate end.
 *
 * <p>By reflection: a shutdown hook cannot see a second signal, and the compiler warns about the
 * JDK's only other way, {@code sun.misc.Signal}, without a means to accept the warning.
 */
final class Signals {
  private static final int KILLED_BY_SIGNAL = 128;

  private Signals() {}

  /**
   * @param stop called at the first signal, on a thread of its own; must return soon
   */
  static void onStop(Runnable stop) throws ReflectiveOperationException {
    var signal = Class.forName("sun.misc.Signal");
    var handlerType = Class.forName("sun.misc.SignalHandler");
    var number = signal.getMethod("getNumber");
    var stopping = new AtomicBoolean();
    InvocationHandler received =
        (_, _, arguments) -> {
          if (stopping.compareAndSet(false, true)) {
            stop.run();
          } else {
            // The children end by themselves: they watch for this process's end.
            Runtime.getRuntime().halt(KILLED_BY_SIGNAL + (int) number.invoke(arguments[0]));
          }
          return null;
        };
    var handler =
        Proxy.newProxyInstance(
            Signals.class.getClassLoader(), new Class<?>[] {handlerType}, received);
    var handle = signal.getMethod("handle", signal, handlerType);
    for (var name : List.of("TERM", "INT", "HUP")) {
      handle.invoke(null, signal.getConstructor(String.class).newInstance(name), handler);
    }
  }
}
