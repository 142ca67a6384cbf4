package dev.postern.gateway.wire.openai;

import dev.postern.gateway.inspect.Finding;
import java.time.Duration;
import java.util.List;

/** Everything the gateway itself can refuse. Records carry facts; the envelope words them. */
public sealed interface WireFailure {
  /** No {@code Authorization: Bearer} header and no session. */
  record MissingKey() implements WireFailure {}

  /** A good key of a kind that this route is closed to. */
  record WrongKeyKind(String needed) implements WireFailure {}

  /** A header that names an organisation or project other than the caller's own. */
  record ForeignScope(String header) implements WireFailure {}

  /** A session has to say which project an inference call belongs to. */
  record MissingProject() implements WireFailure {}

  /** A call that rides on the cookie without the session's CSRF token. */
  record CsrfMismatch() implements WireFailure {}

  record BodyTooLarge(long limit) implements WireFailure {}

  /** There is no memory for another large body at the moment. */
  record TooBusy() implements WireFailure {}

  record BodyTooSlow(Duration limit) implements WireFailure {}

  record UnknownRoute(String method, String path) implements WireFailure {}

  record MethodNotAllowed(String method, String path, List<String> allowed)
      implements WireFailure {}

  /** A route of the OpenAI API that this server does not have. */
  record NotOffered(String path) implements WireFailure {}

  /** The bytes were not HTTP as we accept it. */
  record MalformedHttp(int status, String reason) implements WireFailure {}

  /** A model that cannot do what the route is for. */
  record WrongModelRole(String model, String needed) implements WireFailure {}

  /** More completion tokens than the model's whole context. */
  record CompletionTooLong(String param, long requested, int contextLength)
      implements WireFailure {}

  /** The prompt policy refused the prompt. */
  record PromptBlocked(List<Finding> findings) implements WireFailure {}

  /** As many jobs wait as may. */
  record JobsFull(int most) implements WireFailure {}

  /** The server is shutting down or not up yet. */
  record NotReady() implements WireFailure {}

  /** A runner answered something that is not the API's shape. */
  record BadAnswer(String runner) implements WireFailure {}
}
