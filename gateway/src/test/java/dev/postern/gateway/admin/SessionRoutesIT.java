package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.tenancy.testing.TestPostgres;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SessionRoutesIT {
  private static final String PATH = "/v1/postern/session";

  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static AdminBed bed;

  @BeforeAll
  static void start(@TempDir Path spool) {
    bed = new AdminBed(POSTGRES, spool);
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  private static HttpResponse<String> signIn(String email, String password) {
    return bed.call(
        "POST", PATH, null, "{\"email\":\"%s\",\"password\":\"%s\"}".formatted(email, password));
  }

  private static HttpResponse<String> signIn() {
    var response = signIn(bed.ours.user().email(), AdminBed.PASSWORD);
    assertThat(response.statusCode()).isEqualTo(200);
    return response;
  }

  private static String setCookie(HttpResponse<String> response) {
    return response.headers().firstValue("set-cookie").orElseThrow();
  }

  private static String cookie(HttpResponse<String> response) {
    return setCookie(response).split(";", 2)[0];
  }

  private static HttpResponse<String> ride(
      String method, String path, HttpResponse<String> session, boolean csrf, String body) {
    var request =
        bed.request(path)
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .header("Cookie", cookie(session))
            .header("OpenAI-Project", bed.ours.projectId());
    if (csrf) {
      request.header("x-postern-csrf", AdminBed.tree(session).path("csrf_token").textValue());
    }
    return bed.send(request);
  }

  private static JsonNode session(HttpResponse<String> response) {
    return AdminBed.tree(response);
  }

  @Test
  void signsInWithACookieThatScriptsAndOtherSitesDoNotGet() {
    var response = signIn();
    assertThat(setCookie(response))
        .startsWith("postern_session=")
        .containsIgnoringCase("; HttpOnly")
        .contains("SameSite=Strict")
        .contains("Path=/")
        .contains("Max-Age=");
    var session = session(response);
    assertThat(session.path("object").textValue()).isEqualTo("postern.session");
    assertThat(session.path("user").path("email").textValue()).isEqualTo(bed.ours.user().email());
    assertThat(session.path("user").path("role").textValue()).isEqualTo("owner");
    assertThat(session.path("organization").path("name").textValue()).isEqualTo("Ours");
    assertThat(session.path("csrf_token").textValue()).hasSizeGreaterThan(20);
    assertThat(session.path("expires_at").isIntegralNumber()).isTrue();
  }

  @Test
  void tellsWhoIsSignedIn() {
    var opened = signIn();
    var response = ride("GET", PATH, opened, false, "");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(session(response).path("user")).isEqualTo(session(opened).path("user"));
    assertThat(session(response).path("csrf_token")).isEqualTo(session(opened).path("csrf_token"));
  }

  @Test
  void answers401WithoutASession() {
    assertThat(bed.call("GET", PATH, null, null).statusCode()).isEqualTo(401);
    var stale = bed.send(bed.request(PATH).header("Cookie", "postern_session=made-up"));
    assertThat(stale.statusCode()).isEqualTo(401);
  }

  @Test
  void refusesAWrongPasswordLikeAnUnknownAddress() {
    var wrong = signIn("owner@theirs.example", "wrong");
    var unknown = signIn("nobody@theirs.example", "wrong");
    assertThat(wrong.statusCode()).isEqualTo(401);
    assertThat(AdminBed.error(wrong)).isEqualTo(AdminBed.error(unknown));
    assertThat(AdminBed.error(wrong).path("code").textValue()).isEqualTo("invalid_credentials");
  }

  @Test
  void refusesTheSixthFailureInAMinute() {
    for (int i = 0; i < 5; i++) {
      assertThat(signIn("guess@ours.example", "wrong" + i).statusCode()).isEqualTo(401);
    }
    var response = signIn("guess@ours.example", "wrong");
    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.headers().firstValue("retry-after")).isPresent();
  }

  @Test
  void namesWhatIsMissing() {
    var response = bed.call("POST", PATH, null, "{\"email\":\"a@b.example\"}");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(AdminBed.error(response).path("param").textValue()).isEqualTo("password");
  }

  @Test
  void readsWithTheCookieAlone() {
    var response = ride("GET", "/v1/organization/projects", signIn(), false, "");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("Ours project").doesNotContain("Theirs");
  }

  @Test
  void changesNothingWithoutTheSessionsToken() {
    var session = signIn();
    var body = "{\"name\":\"by session\"}";
    var refused = ride("POST", "/v1/organization/projects", session, false, body);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(AdminBed.error(refused).path("code").textValue()).isEqualTo("csrf_mismatch");
    var other = signIn();
    var foreign =
        bed.send(
            bed.request("/v1/organization/projects")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .header("Cookie", cookie(session))
                .header("x-postern-csrf", AdminBed.tree(other).path("csrf_token").textValue()));
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(ride("POST", "/v1/organization/projects", session, true, body).statusCode())
        .isEqualTo(200);
  }

  @Test
  void keepsASessionOutOfTheOtherOrganisation() {
    var session = signIn();
    var path = "/v1/organization/projects/" + bed.theirs.projectId();
    assertThat(ride("GET", path, session, false, "").statusCode()).isEqualTo(404);
  }

  @Test
  void opensThePlaygroundToASessionWithAProject() {
    var session = signIn();
    var chat =
        "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
            .formatted(AdminBed.MODEL);
    assertThat(ride("POST", "/v1/chat/completions", session, false, chat).statusCode())
        .isEqualTo(403);
    assertThat(ride("POST", "/v1/chat/completions", session, true, chat).statusCode())
        .isEqualTo(200);
    var foreign =
        bed.request("/v1/chat/completions")
            .POST(HttpRequest.BodyPublishers.ofString(chat))
            .header("Cookie", cookie(session))
            .header("x-postern-csrf", AdminBed.tree(session).path("csrf_token").textValue())
            .header("OpenAI-Project", bed.theirs.projectId());
    assertThat(bed.send(foreign).statusCode()).isEqualTo(404);
  }

  @Test
  void signsOutForGood() {
    var session = signIn();
    assertThat(ride("DELETE", PATH, session, false, "").statusCode()).isEqualTo(403);
    var response = ride("DELETE", PATH, session, true, "");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(session(response).path("deleted").booleanValue()).isTrue();
    assertThat(setCookie(response)).contains("Max-Age=0");
    assertThat(ride("GET", PATH, session, false, "").statusCode()).isEqualTo(401);
  }
}
