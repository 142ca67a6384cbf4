package dev.postern.gateway.admin;

import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import io.vertx.ext.web.Router;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every route that the groups register, called by those it is closed to. A new route is covered by
 * itself, and fails here until its parameters and body are known.
 */
class TenantIsolationIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final Set<String> OPEN_TO_PROJECT_KEYS =
      Set.of(
          "/v1/postern/requests",
          "/v1/postern/requests/:request",
          "/v1/postern/security_events",
          "/v1/exports/usage");

  /** Sign-in is open to all; the rest of the session's routes are {@code SessionRoutesIT}'s. */
  private static final String SESSION = "/v1/postern/session";

  private static final Set<String> NARROWED_BY_PROJECT =
      Set.of(
          "/v1/postern/requests",
          "/v1/postern/security_events",
          "/v1/postern/overview",
          "/v1/exports/usage");

  /** Bodies that the caller's own organisation would be allowed. */
  private static final Map<String, String> BODIES =
      Map.ofEntries(
          entry("POST /v1/postern/models/:model/measure", "{}"),
          entry("POST /v1/postern/models/:model/quantize", "{\"format\":\"q4\"}"),
          entry("POST /v1/postern/models/:model/serve", "{\"digest\":\"sha256:0b\"}"),
          entry("POST /v1/postern/jobs/:job/cancel", "{}"),
          entry("POST /v1/organization/projects/:project", "{\"name\":\"taken\"}"),
          entry("POST /v1/organization/projects/:project/archive", ""),
          entry("POST /v1/organization/projects/:project/service_accounts", "{\"name\":\"taken\"}"),
          entry(
              "POST /v1/organization/projects/:project/rate_limits/:limit",
              "{\"max_requests_per_1_minute\":1}"),
          entry("POST /v1/postern/projects/:project/api_keys", "{\"name\":\"taken\"}"),
          entry("PUT /v1/postern/projects/:project/limits", "{\"max_concurrent_requests\":1}"),
          entry(
              "PUT /v1/postern/projects/:project/guardrail_policy",
              "{\"detectors\":{\"pii.email\":\"block\"}}"));

  private static final String SAID = "jane@ours.example";

  private static AdminBed bed;
  private static String request;

  record Endpoint(String method, String path) {
    boolean hasObject() {
      return path.contains(":") && !path.contains(":period");
    }

    @Override
    public String toString() {
      return method + " " + path;
    }
  }

  @BeforeAll
  static void start(@TempDir Path spool) {
    bed = new AdminBed(POSTGRES, spool);
    request = bed.chat("I am " + SAID);
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  static Stream<Endpoint> endpoints() {
    var router = Router.router(bed.vertx);
    bed.groups.forEach(group -> group.register(router));
    return router.getRoutes().stream()
        .filter(route -> !SESSION.equals(route.getPath()))
        .flatMap(route ->
            route.methods().stream().map(method -> new Endpoint(method.name(), route.getPath())));
  }

  /** The address of our own objects. */
  private static String address(Endpoint endpoint) {
    var ours = bed.ours;
    var key = endpoint.path().contains("admin_api_keys") ? ours.adminKeyId() : ours.projectKeyId();
    var path =
        endpoint
            .path()
            .replace(":project", ours.projectId())
            .replace(":key", WireId.API_KEY.format(key))
            .replace(":account", WireId.SERVICE_ACCOUNT.format(ours.account()))
            .replace(":user", WireId.USER.format(ours.user().id()))
            .replace(":limit", "rl-" + AdminBed.MODEL)
            .replace(":request", request)
            .replace(":model", AdminBed.MODEL)
            .replace(":job", WireId.JOB.format(FakeModels.JOB))
            .replace(":period", "2026-11");
    assertThat(path).as("a parameter that this test does not know").doesNotContain(":");
    boolean timed = path.contains("/organization/usage") || path.endsWith("/costs");
    return timed ? path + "?start_time=1790000000&end_time=1790100000" : path;
  }

  private static String body(Endpoint endpoint) {
    if (endpoint.method().equals("GET") || endpoint.method().equals("DELETE")) {
      return "";
    }
    var body = BODIES.get(endpoint.toString());
    if (body == null) {
      assertThat(endpoint.hasObject()).as("a body that this test does not know").isFalse();
    }
    return body == null ? "{}" : body;
  }

  private static List<String> ourSecrets() {
    return List.of(
        hex(bed.ours.project().value()),
        hex(bed.ours.user().id()),
        hex(bed.ours.projectKeyId()),
        hex(bed.ours.adminKeyId()),
        hex(bed.ours.account()),
        request.substring("req_".length()),
        "Ours");
  }

  private static String hex(UUID id) {
    return WireId.PROJECT.format(id).substring("proj_".length());
  }

  @Test
  void knowsTheRoutesOfAllGroups() {
    assertThat(endpoints()).hasSizeGreaterThan(40);
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void refusesACallWithoutAKey(Endpoint endpoint) {
    var response = bed.call(endpoint.method(), address(endpoint), null, body(endpoint));
    assertThat(response.statusCode()).isEqualTo(401);
    assertThat(AdminBed.error(response).path("code").textValue()).isEqualTo("invalid_api_key");
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void refusesARevokedKey(Endpoint endpoint) {
    var response =
        bed.call(endpoint.method(), address(endpoint), bed.ours.revokedKey(), body(endpoint));
    assertThat(response.statusCode()).isEqualTo(401);
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void refusesAProjectKeyUnlessItSeesItsOwnProject(Endpoint endpoint) {
    var response =
        bed.call(endpoint.method(), address(endpoint), bed.ours.projectKey(), body(endpoint));
    boolean open = OPEN_TO_PROJECT_KEYS.contains(endpoint.path());
    assertThat(response.statusCode()).isEqualTo(open ? 200 : 403);
    if (open) {
      assertThat(response.body()).contains(request).doesNotContain(SAID);
    }
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void hidesOurObjectsFromTheOtherOrganisation(Endpoint endpoint) {
    for (var key : List.of(bed.theirs.adminKey(), bed.theirs.projectKey())) {
      var response = bed.call(endpoint.method(), address(endpoint), key, body(endpoint));
      if (endpoint.hasObject() && response.statusCode() != 403) {
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(AdminBed.error(response).path("type").textValue())
            .isEqualTo("invalid_request_error");
      }
      if (!endpoint.hasObject()) {
        ourSecrets().forEach(secret -> assertThat(response.body()).doesNotContain(secret));
      }
    }
    assertThat(project().path("name").textValue()).isEqualTo("Ours project");
    assertThat(project().path("status").textValue()).isEqualTo("active");
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void refusesToNarrowAnAnswerToTheOtherOrganisationsProject(Endpoint endpoint) {
    if (!NARROWED_BY_PROJECT.contains(endpoint.path())) {
      return;
    }
    var own = address(endpoint) + (address(endpoint).contains("?") ? "&" : "?") + "project_id=";
    for (var key : List.of(bed.ours.adminKey(), bed.ours.projectKey())) {
      var response = bed.call("GET", own + bed.theirs.projectId(), key, null);
      boolean closed = response.statusCode() == 403;
      assertThat(response.statusCode()).isEqualTo(closed ? 403 : 404);
    }
    assertThat(bed.call("GET", own + bed.ours.projectId(), bed.ours.adminKey(), null).statusCode())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @MethodSource("endpoints")
  void keepsTheMachinesModelsAndJobsToTheOperator(Endpoint endpoint) {
    boolean machine =
        Stream.of("/v1/postern/models", "/v1/postern/jobs")
            .anyMatch(path -> endpoint.path().startsWith(path));
    if (machine) {
      var response =
          bed.call(endpoint.method(), address(endpoint), bed.theirs.adminKey(), body(endpoint));
      assertThat(response.statusCode()).isEqualTo(403);
      assertThat(AdminBed.error(response).path("code").textValue()).isEqualTo("operator_only");
    }
  }

  /** Requests for our model that our own project key would be allowed. */
  private static Endpoint inference(UsageEvent.Endpoint endpoint) {
    return new Endpoint(
        "POST",
        switch (endpoint) {
          case CHAT_COMPLETIONS -> "/v1/chat/completions";
          case COMPLETIONS -> "/v1/completions";
          case EMBEDDINGS -> "/v1/embeddings";
          case RERANK -> "/v1/rerank";
          case CLASSIFY -> "/v1/classify";
          case EXPLAIN -> "/v1/postern/explain";
        });
  }

  private static String asked(UsageEvent.Endpoint endpoint) {
    var fields =
        switch (endpoint) {
          case CHAT_COMPLETIONS -> "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
          case COMPLETIONS, EXPLAIN -> "\"prompt\":\"hi\"";
          case EMBEDDINGS, CLASSIFY -> "\"input\":\"hi\"";
          case RERANK -> "\"query\":\"hi\",\"documents\":[\"there\"]";
        };
    return "{\"model\":\"" + AdminBed.MODEL + "\"," + fields + "}";
  }

  @ParameterizedTest
  @EnumSource(UsageEvent.Endpoint.class)
  void servesOurModelToNobodyElse(UsageEvent.Endpoint kind) {
    var endpoint = inference(kind);
    int reached = bed.runner.received().size();
    var foreign =
        bed.call(endpoint.method(), endpoint.path(), bed.theirs.projectKey(), asked(kind));
    assertThat(foreign.statusCode()).isEqualTo(404);
    assertThat(AdminBed.error(foreign).path("code").textValue()).isEqualTo("model_not_found");
    for (var key : Arrays.asList(null, "sk-proj-nobody", bed.ours.revokedKey())) {
      var refused = bed.call(endpoint.method(), endpoint.path(), key, asked(kind));
      assertThat(refused.statusCode()).isEqualTo(401);
    }
    var admin = bed.call(endpoint.method(), endpoint.path(), bed.ours.adminKey(), asked(kind));
    assertThat(admin.statusCode()).isEqualTo(403);
    assertThat(bed.runner.received()).hasSize(reached);
  }

  @Test
  void hidesOurModelsFromTheOtherOrganisation() {
    var key = bed.theirs.projectKey();
    assertThat(bed.call("GET", "/v1/models", key, null).body()).doesNotContain(AdminBed.MODEL);
    assertThat(bed.call("GET", "/v1/models/" + AdminBed.MODEL, key, null).statusCode())
        .isEqualTo(404);
  }

  @Test
  void leavesOurKeysAndAccountsAlive() {
    var path = "/v1/organization/projects/" + bed.ours.projectId();
    assertThat(bed.get(path + "/api_keys").path("data"))
        .allSatisfy(key -> assertThat(key.path("revoked_at").isNull()).isTrue());
    assertThat(bed.get(path + "/service_accounts").path("data")).hasSize(1);
  }

  private static JsonNode project() {
    return bed.get("/v1/organization/projects/" + bed.ours.projectId());
  }
}
