package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Projects, keys, service accounts, people, limits and the audit log, on the real stores. */
class OrganisationRoutesIT {
  private static final String PROJECTS = "/v1/organization/projects";

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

  private static String newProject(String name) {
    var created = bed.json("POST", PROJECTS, "{\"name\":\"" + name + "\"}");
    return PROJECTS + "/" + created.path("id").textValue();
  }

  private static Stream<JsonNode> items(JsonNode list) {
    return StreamSupport.stream(list.path("data").spliterator(), false);
  }

  private static void assertFields(JsonNode node, String... names) {
    var present = new ArrayList<String>();
    node.fieldNames().forEachRemaining(present::add);
    assertThat(present).contains(names);
  }

  @Test
  void createsRenamesAndArchivesAProject() {
    var path = newProject("First name");
    var renamed = bed.json("POST", path, "{\"name\":\"Second name\"}");
    assertThat(renamed.path("object").textValue()).isEqualTo("organization.project");
    assertThat(renamed.path("name").textValue()).isEqualTo("Second name");
    assertThat(renamed.path("status").textValue()).isEqualTo("active");
    assertThat(renamed.path("archived_at").isNull()).isTrue();
    var archived = bed.json("POST", path + "/archive", null);
    assertThat(archived.path("status").textValue()).isEqualTo("archived");
    assertThat(archived.path("archived_at").isIntegralNumber()).isTrue();
    assertThat(bed.get(path).path("status").textValue()).isEqualTo("archived");
    var id = archived.path("id").textValue();
    assertThat(bed.get(PROJECTS + "?limit=100").toString()).doesNotContain(id);
    assertThat(bed.get(PROJECTS + "?limit=100&include_archived=true").toString()).contains(id);
  }

  @Test
  void pagesThroughProjectsNewestFirst() {
    for (int i = 0; i < 3; i++) {
      newProject("page " + i);
    }
    var seen = new ArrayList<String>();
    var after = "";
    JsonNode page;
    do {
      page = bed.get(PROJECTS + "?limit=2" + after);
      assertThat(page.path("object").textValue()).isEqualTo("list");
      items(page).forEach(project -> seen.add(project.path("id").textValue()));
      assertThat(page.path("last_id").textValue()).isEqualTo(seen.getLast());
      after = "&after=" + seen.getLast();
    } while (page.path("has_more").booleanValue());
    assertThat(seen).doesNotHaveDuplicates().hasSizeGreaterThanOrEqualTo(4);
    assertThat(seen.getLast()).isEqualTo(bed.ours.projectId());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET | /v1/organization/projects?limit=0 | | limit",
        "GET | /v1/organization/projects?limit=101 | | limit",
        "GET | /v1/organization/projects?limit=x | | limit",
        "GET | /v1/organization/projects?after=nonsense | | after",
        "GET | /v1/organization/projects?include_archived=maybe | | include_archived",
        "POST | /v1/organization/projects | {} | name",
        "POST | /v1/organization/projects | {\"name\":\" \"} | name",
        "POST | /v1/organization/projects | {\"name\":7} | name",
        "POST | /v1/organization/projects | {\"name\":\"a\",\"colour\":1} | colour",
        "POST | /v1/organization/admin_api_keys | {\"name\":\"a\",\"expires_in_seconds\":0} |"
            + " expires_in_seconds",
        "GET | /v1/organization/usage/completions | | start_time",
        "GET | /v1/organization/usage/completions?start_time=x | | start_time",
        "GET | /v1/organization/usage/completions?start_time=9&end_time=9 | | end_time",
        "GET | /v1/organization/usage/completions?start_time=0&bucket_width=2d | | bucket_width",
        "GET | /v1/organization/usage/completions?start_time=0&limit=32 | | limit",
        "GET | /v1/organization/usage/completions?start_time=0&group_by=colour | | group_by",
        "GET | /v1/organization/usage/completions?start_time=0&page=no | | page",
        "GET | /v1/organization/usage/completions?start_time=0&project_ids=no | | project_ids",
        "GET | /v1/organization/costs?start_time=0&bucket_width=1h | | bucket_width",
        "GET | /v1/organization/costs?start_time=0&group_by[]=model | | group_by",
        "GET | /v1/organization/audit_logs?before=no | | before",
        "GET | /v1/postern/overview?start_time=5&end_time=4 | | end_time",
        "GET | /v1/postern/requests?outcome=lost | | outcome",
        "GET | /v1/postern/requests?after=no | | after",
        "GET | /v1/exports/usage?format=xml | | format",
        "GET | /v1/invoices/2026-13 | | period",
        "POST | /v1/postern/prices | {\"model\":\"m\",\"kind\":\"gold\"} | kind",
      })
  void namesTheParameterAtFault(String method, String path, String body, String param) {
    var response =
        bed.call(method, path.replace("[", "%5B").replace("]", "%5D"), bed.ours.adminKey(), body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(AdminBed.error(response).path("param").textValue()).isEqualTo(param);
    assertThat(AdminBed.error(response).path("type").textValue())
        .isEqualTo("invalid_request_error");
  }

  @Test
  void issuesAKeyThatIsShownOnceAndDiesWhenDeleted() {
    var created =
        bed.json(
            "POST",
            "/v1/postern/projects/" + bed.ours.projectId() + "/api_keys",
            "{\"name\":\"laptop\",\"expires_in_days\":30}");
    var secret = created.path("value").textValue();
    assertThat(secret).startsWith("sk-proj-");
    assertThat(created.path("object").textValue()).isEqualTo("organization.project.api_key");
    assertThat(created.path("expires_at").longValue())
        .isEqualTo(created.path("created_at").longValue() + 30 * 86_400L);
    var path = PROJECTS + "/" + bed.ours.projectId() + "/api_keys";
    var listed = bed.get(path);
    assertThat(listed.toString()).doesNotContain(secret);
    var item = bed.get(path + "/" + created.path("id").textValue());
    assertThat(items(listed)).contains(item);
    assertThat(item.path("owner_project_access").textValue()).isEqualTo("active");
    assertThat(bed.call("GET", "/v1/postern/requests", secret, null).statusCode()).isEqualTo(200);

    var deleted = bed.json("DELETE", path + "/" + created.path("id").textValue(), null);
    assertThat(deleted.path("object").textValue())
        .isEqualTo("organization.project.api_key.deleted");
    assertThat(deleted.path("deleted").booleanValue()).isTrue();
    assertThat(bed.call("GET", "/v1/postern/requests", secret, null).statusCode()).isEqualTo(401);
    var ended = bed.get(path + "/" + created.path("id").textValue());
    assertThat(ended.path("revoked_at").isIntegralNumber()).isTrue();
    assertThat(ended.path("owner_project_access").textValue()).isEqualTo("inactive");
  }

  @Test
  void showsWhoAKeyBelongsTo() {
    var keys = bed.get(PROJECTS + "/" + bed.ours.projectId() + "/api_keys?limit=100");
    var byUser =
        items(keys)
            .filter(key ->
                key.path("id").textValue().equals(WireId.API_KEY.format(bed.ours.projectKeyId())))
            .findFirst()
            .orElseThrow();
    assertThat(byUser.path("owner").path("type").textValue()).isEqualTo("user");
    assertFields(byUser.path("owner").path("user"), "id", "email", "name", "created_at", "role");
    var byAccount =
        items(keys)
            .filter(key -> key.path("owner").path("type").textValue().equals("service_account"))
            .findFirst()
            .orElseThrow();
    assertThat(byAccount.path("owner").path("service_account").path("name").textValue())
        .isEqualTo("Ours robot");
  }

  @Test
  void givesAServiceAccountAKeyThatEndsWithIt() {
    var path = newProject("robots") + "/service_accounts";
    var created = bed.json("POST", path, "{\"name\":\"robot\"}");
    assertThat(created.path("object").textValue())
        .isEqualTo("organization.project.service_account");
    assertThat(created.path("role").textValue()).isEqualTo("member");
    var key = created.path("api_key");
    assertThat(key.path("object").textValue())
        .isEqualTo("organization.project.service_account.api_key");
    assertFields(key, "id", "name", "created_at", "value");
    var secret = key.path("value").textValue();
    assertThat(secret).startsWith("sk-svcacct-");
    assertThat(bed.call("GET", "/v1/postern/requests", secret, null).statusCode()).isEqualTo(200);
    var account = path + "/" + created.path("id").textValue();
    assertThat(bed.get(account).toString()).doesNotContain(secret);
    assertThat(bed.get(path).path("data")).hasSize(1);
    var deleted = bed.json("DELETE", account, null);
    assertThat(deleted.path("object").textValue())
        .isEqualTo("organization.project.service_account.deleted");
    assertThat(bed.call("GET", account, bed.ours.adminKey(), null).statusCode()).isEqualTo(404);
    assertThat(bed.call("GET", "/v1/postern/requests", secret, null).statusCode()).isEqualTo(401);
  }

  @Test
  void endsAProjectsKeysWithIt() {
    var path = newProject("short-lived");
    var key =
        bed.json(
            "POST",
            path.replace("/v1/organization", "/v1/postern") + "/api_keys",
            "{\"name\":\"a\"}");
    bed.json("POST", path + "/archive", null);
    assertThat(
            bed.call("GET", "/v1/postern/requests", key.path("value").textValue(), null)
                .statusCode())
        .isEqualTo(401);
  }

  @Test
  void issuesAdminKeys() {
    var created =
        bed.json(
            "POST",
            "/v1/organization/admin_api_keys",
            "{\"name\":\"ci\",\"expires_in_seconds\":60}");
    var secret = created.path("value").textValue();
    assertThat(secret).startsWith("sk-admin-");
    assertThat(bed.call("GET", PROJECTS, secret, null).statusCode()).isEqualTo(200);
    var path = "/v1/organization/admin_api_keys/" + created.path("id").textValue();
    assertFields(bed.get(path), "redacted_value", "expires_at", "owner");
    assertThat(bed.json("DELETE", path, null).path("deleted").booleanValue()).isTrue();
    assertThat(bed.call("GET", PROJECTS, secret, null).statusCode()).isEqualTo(401);
  }

  @Test
  void listsThePeopleOfTheOrganisation() {
    for (var path :
        List.of("/v1/organization/users", PROJECTS + "/" + bed.ours.projectId() + "/users")) {
      var users = bed.get(path);
      assertThat(users.path("data")).hasSize(1);
      var user = users.path("data").get(0);
      assertThat(user.path("email").textValue()).isEqualTo("owner@ours.example");
      assertThat(user.path("role").textValue()).isEqualTo("owner");
      assertThat(user.path("added_at").isIntegralNumber()).isTrue();
      assertThat(bed.get(path + "/" + user.path("id").textValue())).isEqualTo(user);
    }
  }

  @Test
  void recordsWhoChangedWhat() {
    var path = newProject("audited");
    bed.json("POST", path, "{\"name\":\"audited twice\"}");
    var id = path.substring(PROJECTS.length() + 1);
    var log = bed.get("/v1/organization/audit_logs?resource_ids[]=" + id);
    assertThat(items(log).map(entry -> entry.path("type").textValue()))
        .containsExactly("project.updated", "project.created");
    var created = log.path("data").get(1);
    assertThat(created.path("id").textValue()).startsWith("audit_log-");
    assertThat(created.path("effective_at").isIntegralNumber()).isTrue();
    assertThat(created.path("actor").path("type").textValue()).isEqualTo("api_key");
    assertThat(created.path("actor").path("api_key").path("id").textValue())
        .isEqualTo(WireId.API_KEY.format(bed.ours.adminKeyId()));
    assertThat(created.path("project.created").path("id").textValue()).isEqualTo(id);
    var byType =
        bed.get(
            "/v1/organization/audit_logs?event_types[]=project.created&limit=1"
                + "&effective_at[gte]=0&effective_at[lt]=99999999999");
    assertThat(byType.path("data")).hasSize(1);
    assertThat(bed.get("/v1/organization/audit_logs?effective_at[lt]=5").path("data")).isEmpty();
    var all = bed.get("/v1/organization/audit_logs?limit=100").toString();
    assertThat(all).doesNotContain("Theirs").doesNotContain(bed.ours.adminKey());
  }

  @Test
  void listsAndChangesRateLimits() {
    var path = PROJECTS + "/" + bed.ours.projectId() + "/rate_limits";
    var limits = bed.get(path);
    assertThat(limits.path("data")).hasSize(1);
    assertThat(limits.path("first_id").textValue()).isEqualTo("rl-" + AdminBed.MODEL);
    var changed =
        bed.json("POST", path + "/rl-" + AdminBed.MODEL, "{\"max_tokens_per_1_minute\":5}");
    assertThat(changed.path("object").textValue()).isEqualTo("project.rate_limit");
    assertThat(changed.path("model").textValue()).isEqualTo(AdminBed.MODEL);
    assertThat(changed.path("max_tokens_per_1_minute").longValue()).isEqualTo(5);
    assertThat(changed.path("max_requests_per_1_minute"))
        .isEqualTo(limits.path("data").get(0).path("max_requests_per_1_minute"));
    assertThat(bed.call("POST", path + "/rl-unknown", bed.ours.adminKey(), "{}").statusCode())
        .isEqualTo(404);
  }

  @Test
  void setsABudgetAndTakesItAway() {
    var path = "/v1/postern/projects/" + bed.ours.projectId() + "/limits";
    var set =
        bed.json(
            "PUT",
            path,
            "{\"max_concurrent_requests\":3,\"budget\":{\"amount\":{\"value\":\"12.50\",\"currency\":\"usd\"},\"period\":\"month\"}}");
    assertThat(set.path("max_concurrent_requests").intValue()).isEqualTo(3);
    assertThat(set.path("budget").path("amount").path("value").textValue()).isEqualTo("12.5");
    assertThat(set.path("budget").path("spent").path("currency").textValue()).isEqualTo("usd");
    var sentBack = bed.json("PUT", path, set.toString());
    assertThat(sentBack).isEqualTo(set);
    var removed = bed.json("PUT", path, "{\"max_concurrent_requests\":3}");
    assertThat(removed.path("budget").path("amount").isNull()).isTrue();
  }

  @Test
  void onlyTheOperatorChangesWhatAProjectGetsOfTheRunners() {
    var path = "/v1/postern/projects/%s/limits";
    var body = "{\"max_concurrent_requests\":3,\"share\":{\"weight\":%d,\"priority\":true}}";
    var own = path.formatted(bed.ours.projectId());
    var theirs = path.formatted(bed.theirs.projectId());
    var theirsByOperator =
        theirs + "?organization_id=" + WireId.ORGANISATION.format(bed.theirs.id().value());

    assertThat(bed.get(own).path("share").toString())
        .isEqualTo("{\"weight\":1,\"priority\":false}");
    assertThat(bed.json("PUT", own, body.formatted(5)).path("share").path("weight").intValue())
        .isEqualTo(5);
    assertThat(bed.json("PUT", theirsByOperator, body.formatted(2)).path("share").toString())
        .isEqualTo("{\"weight\":2,\"priority\":true}");

    var key = bed.theirs.adminKey();
    var refused = bed.call("PUT", theirs, key, body.formatted(1000));
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(bed.call("PUT", theirs, key, body.formatted(2)).statusCode()).isEqualTo(200);
    assertThat(bed.call("PUT", theirs, key, "{\"max_concurrent_requests\":4}").body())
        .contains("\"weight\":2");
    var foreign = own + "?organization_id=" + WireId.ORGANISATION.format(bed.ours.id().value());
    assertThat(bed.call("GET", foreign, key, null).statusCode()).isEqualTo(403);
    assertThat(bed.call("PUT", foreign, key, body.formatted(2)).statusCode()).isEqualTo(403);
    for (int weight : new int[] {0, 1001}) {
      assertThat(bed.call("PUT", own, bed.ours.adminKey(), body.formatted(weight)).statusCode())
          .isEqualTo(400);
    }
  }

  @Test
  void replacesTheGuardrailPolicy() {
    var path = "/v1/postern/projects/" + bed.ours.projectId() + "/guardrail_policy";
    var before = bed.get(path);
    assertThat(before.path("available")).hasSize(12);
    assertThat(before.path("detectors")).hasSize(12);
    var changed =
        bed.json(
            "PUT",
            path,
            "{\"detectors\":{\"pii.email\":\"redact\"},\"block_list\":[\" Bluebird \"]}");
    assertThat(changed.path("detectors").path("pii.email").textValue()).isEqualTo("redact");
    assertThat(changed.path("detectors").path("pii.card").textValue()).isEqualTo("off");
    assertThat(changed.path("block_list").get(0).textValue()).isEqualTo("Bluebird");
    assertThat(bed.get(path)).isEqualTo(changed);
    assertThat(bed.json("PUT", path, changed.toString()).path("detectors"))
        .isEqualTo(changed.path("detectors"));
    for (var body :
        List.of(
            "{}",
            "{\"detectors\":{\"pii.shoe\":\"block\"}}",
            "{\"detectors\":{\"pii.email\":\"shout\"}}",
            "{\"detectors\":{},\"block_list\":[\"\"]}",
            "{\"detectors\":{},\"block_list\":[7]}")) {
      assertThat(bed.call("PUT", path, bed.ours.adminKey(), body).statusCode())
          .as(body)
          .isEqualTo(400);
    }
  }
}
