package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.PROJECT_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.wire.openai.CallId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** The calls one by one: who called what, how it went and what it cost; never what was said. */
final class RequestRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/requests";
  private static final Map<String, UsageEvent.Outcome> OUTCOMES = new LinkedHashMap<>();

  private static final int HEX_DIGITS = 32;

  static {
    for (var outcome : UsageEvent.Outcome.values()) {
      OUTCOMES.put(Shapes.word(outcome), outcome);
    }
  }

  private final Requests requests;
  private final Projects projects;

  RequestRoutes(Requests requests, Projects projects) {
    this.requests = requests;
    this.projects = projects;
  }

  @Override
  public void register(Router router) {
    router
        .get(PATH)
        .handler(Api.allow(SESSION, ADMIN_KEY, PROJECT_KEY))
        .handler(Answers.json(this::list));
    router
        .get(PATH + "/:request")
        .handler(Api.allow(SESSION, ADMIN_KEY, PROJECT_KEY))
        .handler(Answers.json(this::get));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var query = new Query(ctx);
    var after = query.text("after");
    var afterId =
        after == null
            ? null
            : parse(after).orElseThrow(() -> Query.invalid("after", "is no id of a request"));
    var start = query.time("start_time");
    var end = query.time("end_time");
    var model = query.text("model");
    var subject = query.id("api_key_id", WireId.API_KEY, WireId.USER);
    var outcome = query.choice("outcome", OUTCOMES);
    int limit = query.limit();
    return Scope.narrowed(ctx, projects)
        .compose(project ->
            requests.list(
                Api.principal(ctx).tenant(),
                new Requests.Filter(project.orElse(null), start, end, model, subject, outcome),
                afterId,
                limit))
        .map(page -> Shapes.list(page, RequestShapes::entry));
  }

  private Future<ObjectNode> get(RoutingContext ctx) {
    var text = ctx.pathParam("request");
    var id =
        parse(text)
            .orElseThrow(() -> new TenancyException(new TenancyFailure.NotFound("request", text)));
    var principal = Api.principal(ctx);
    return requests.get(principal.tenant(), principal.project(), id).map(RequestShapes::detail);
  }

  /** An answer's own id leads to its request as well. */
  private static Optional<UUID> parse(String text) {
    int digits = text.length() - HEX_DIGITS;
    if (digits < 0) {
      return Optional.empty();
    }
    try {
      int middle = digits + HEX_DIGITS / 2;
      var id =
          new UUID(
              HexFormat.fromHexDigitsToLong(text, digits, middle),
              HexFormat.fromHexDigitsToLong(text, middle, text.length()));
      return Stream.of(CallId.values()).anyMatch(kind -> kind.format(id).equals(text))
          ? Optional.of(id)
          : Optional.empty();
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }
}
