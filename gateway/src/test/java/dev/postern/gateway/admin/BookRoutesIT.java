package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import java.math.BigDecimal;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * What two calls leave behind in requests, usage, costs, exports and the invoice: ten tokens of
 * prompt at 0.15 and seven of answer at 0.60 a million each.
 */
class BookRoutesIT {
  private static final String SAID = "jane@ours.example";
  private static final BigDecimal COST = new BigDecimal("0.0000057");

  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static AdminBed bed;
  private static String first;
  private static String second;

  @BeforeAll
  static void start(@TempDir Path spool) {
    bed = new AdminBed(POSTGRES, spool);
    first = bed.chat("Hello");
    second = bed.chat("I am " + SAID);
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  private static HttpResponse<String> call(String path) {
    var response = bed.call("GET", path, bed.ours.adminKey(), null);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return response;
  }

  private static long startedAt() {
    return bed.get("/v1/postern/requests/" + first).path("created_at").longValue();
  }

  private static String times() {
    return "start_time=" + (startedAt() - 3_600) + "&end_time=" + (startedAt() + 3_600);
  }

  private static BigDecimal money(JsonNode node) {
    assertThat(node.path("currency").textValue()).isEqualTo("usd");
    return new BigDecimal(node.path("value").textValue());
  }

  /** The results of all buckets, which have no gap between them. */
  private static JsonNode onlyResult(JsonNode page) {
    assertThat(page.path("object").textValue()).isEqualTo("page");
    JsonNode found = null;
    JsonNode before = null;
    for (var bucket : page.path("data")) {
      assertThat(bucket.path("object").textValue()).isEqualTo("bucket");
      if (before != null) {
        assertThat(bucket.path("start_time")).isEqualTo(before.path("end_time"));
      }
      before = bucket;
      for (var result : bucket.path("results")) {
        assertThat(found).isNull();
        found = result;
      }
    }
    assertThat(found).isNotNull();
    return Objects.requireNonNull(found);
  }

  @Test
  void reportsUsageInTheOpenAiShape() {
    var page =
        bed.get(
            "/v1/organization/usage/completions?"
                + times()
                + "&bucket_width=1d&group_by[]=model&group_by[]=project_id&group_by=batch"
                + "&project_ids="
                + bed.ours.projectId()
                + "&project_ids="
                + bed.theirs.projectId());
    var result = onlyResult(page);
    assertThat(result.path("object").textValue())
        .isEqualTo("organization.usage.completions.result");
    assertThat(result.path("input_tokens").longValue()).isEqualTo(20);
    assertThat(result.path("output_tokens").longValue()).isEqualTo(14);
    assertThat(result.path("num_model_requests").longValue()).isEqualTo(2);
    assertThat(result.path("project_id").textValue()).isEqualTo(bed.ours.projectId());
    assertThat(result.path("model").textValue()).isEqualTo(AdminBed.MODEL);
    assertThat(result.path("api_key_id").isNull()).isTrue();
    assertThat(result.path("batch").booleanValue()).isFalse();
    assertThat(result.path("service_tier").isNull()).isTrue();
    var theirs =
        AdminBed.tree(
            bed.call(
                "GET",
                "/v1/organization/usage/completions?" + times() + "&bucket_width=1d",
                bed.theirs.adminKey(),
                null));
    assertThat(theirs.toString()).doesNotContain("num_model_requests");
  }

  @Test
  void pagesThroughUsageWithoutAGap() {
    var path = "/v1/organization/usage/completions?" + times() + "&bucket_width=1h&limit=1";
    var page = bed.get(path);
    var starts = new ArrayList<Long>();
    long requests = 0;
    while (true) {
      for (var bucket : page.path("data")) {
        starts.add(bucket.path("start_time").longValue());
        for (var result : bucket.path("results")) {
          requests += result.path("num_model_requests").longValue();
        }
      }
      if (!page.path("has_more").booleanValue()) {
        break;
      }
      page = bed.get(path + "&page=" + page.path("next_page").textValue());
    }
    assertThat(requests).isEqualTo(2);
    assertThat(starts).hasSizeBetween(2, 4);
    for (int i = 1; i < starts.size(); i++) {
      assertThat(starts.get(i)).isEqualTo(starts.get(i - 1) + 3_600);
    }
  }

  @Test
  void reportsNothingForWhatIsNotDone() {
    var times = "?start_time=1790000000&end_time=1790200000";
    for (var kind : new String[] {"images", "moderations", "audio_speeches", "vector_stores"}) {
      var page = bed.get("/v1/organization/usage/" + kind + times);
      assertThat(page.path("data")).hasSize(3);
      assertThat(page.path("data").get(0).path("results")).isEmpty();
    }
    var batch = bed.get("/v1/organization/usage/completions" + times + "&batch=true");
    assertThat(batch.path("data").get(0).path("results")).isEmpty();
  }

  @Test
  void reportsCostsAsExactNumbers() {
    var result = onlyResult(bed.get("/v1/organization/costs?" + times()));
    assertThat(result.path("object").textValue()).isEqualTo("organization.costs.result");
    var amount = result.path("amount");
    assertThat(amount.path("value").isNumber()).isTrue();
    assertThat(amount.path("value").decimalValue()).isEqualByComparingTo(COST.add(COST));
    assertThat(amount.path("currency").textValue()).isEqualTo("usd");
    assertThat(result.path("line_item").isNull()).isTrue();
    var byLine = bed.get("/v1/organization/costs?" + times() + "&group_by[]=line_item");
    assertThat(byLine.toString())
        .contains(AdminBed.MODEL + ", input")
        .contains(AdminBed.MODEL + ", output");
  }

  @Test
  void listsRequestsNewestFirstWithoutTheirText() {
    var list = bed.get("/v1/postern/requests");
    assertThat(list.path("first_id").textValue()).isEqualTo(second);
    assertThat(list.path("last_id").textValue()).isEqualTo(first);
    assertThat(list.toString()).doesNotContain(SAID);
    var request = list.path("data").get(0);
    assertThat(request.path("endpoint").textValue()).isEqualTo("chat_completions");
    assertThat(request.path("outcome").textValue()).isEqualTo("completed");
    assertThat(request.path("verdict").textValue()).isEqualTo("flag");
    assertThat(request.path("api_key_id").textValue())
        .isEqualTo(WireId.API_KEY.format(bed.ours.projectKeyId()));
    assertThat(request.path("key_name").textValue()).isEqualTo("Ours key");
    assertThat(request.path("user_id").isNull()).isTrue();
    assertThat(request.path("total_ms").doubleValue()).isPositive();
    assertThat(money(request.path("amount"))).isEqualByComparingTo(COST);

    var page = bed.get("/v1/postern/requests?limit=1");
    assertThat(page.path("has_more").booleanValue()).isTrue();
    var rest = bed.get("/v1/postern/requests?limit=1&after=" + second);
    assertThat(rest.path("data").get(0).path("id").textValue()).isEqualTo(first);
    assertThat(rest.path("has_more").booleanValue()).isFalse();
    assertThat(bed.get("/v1/postern/requests?outcome=failed").path("data")).isEmpty();
    assertThat(bed.get("/v1/postern/requests?model=" + AdminBed.MODEL).path("data")).hasSize(2);
  }

  @Test
  void tellsHowARequestWentAndWhatItCost() {
    var request = bed.get("/v1/postern/requests/" + second);
    assertThat(request)
        .isEqualTo(bed.get("/v1/postern/requests/" + second.replace("req_", "chatcmpl-")));
    assertThat(request.path("stages")).isNotEmpty();
    assertThat(request.path("findings").toString())
        .isEqualTo(
            "[{\"detector\":\"pii.email\",\"action\":\"flag\",\"stage\":\"prompt\",\"count\":1}]");
    var sum = BigDecimal.ZERO;
    for (var line : request.path("price_lines")) {
      sum = sum.add(money(line.path("amount")));
    }
    assertThat(sum).isEqualByComparingTo(COST);
    assertThat(
            bed.call("GET", "/v1/postern/requests/req_unknown", bed.ours.adminKey(), null)
                .statusCode())
        .isEqualTo(404);
  }

  @Test
  void listsSecurityEvents() {
    var list = bed.get("/v1/postern/security_events");
    assertThat(list.path("data")).hasSize(1);
    var found = list.path("data").get(0);
    assertThat(found.path("id").textValue()).startsWith("secevt_");
    assertThat(found.path("request_id").textValue()).isEqualTo(second);
    assertThat(found.path("detector").textValue()).isEqualTo("pii.email");
    assertThat(found.path("action").textValue()).isEqualTo("flag");
    assertThat(found.path("stage").textValue()).isEqualTo("prompt");
    assertThat(list.toString()).doesNotContain(SAID);
  }

  @Test
  void sumsUpForTheHomePage() {
    var overview = bed.get("/v1/postern/overview?" + times());
    assertThat(overview.path("object").textValue()).isEqualTo("postern.overview");
    assertThat(overview.path("current").path("requests").longValue()).isEqualTo(2);
    assertThat(money(overview.path("current").path("spend"))).isEqualByComparingTo(COST.add(COST));
    assertThat(overview.path("previous").path("requests").longValue()).isZero();
    assertThat(overview.path("previous").path("p95_first_token_ms").isNull()).isTrue();
    assertThat(overview.path("budget").path("limit").isNull()).isTrue();
    assertThat(overview.path("top_models").get(0).path("name").textValue())
        .isEqualTo(AdminBed.MODEL);
    assertThat(overview.path("top_keys").get(0).path("name").textValue()).isEqualTo("Ours key");
  }

  @Test
  void exportsTheLedgerAsRows() {
    var response = call("/v1/exports/usage?format=csv&" + times());
    assertThat(response.headers().firstValue("content-type")).contains("text/csv; charset=utf-8");
    var rows = response.body().split("\r\n");
    assertThat(rows).hasSize(3);
    assertThat(rows[0]).startsWith("id,created_at,project_id,");
    assertThat(rows[1]).startsWith(first + ",").endsWith(",none,0.0000057,usd");
    assertThat(rows[2]).startsWith(second + ",").endsWith(",flag,0.0000057,usd");
    assertThat(rows[1].split(",")).hasSameSizeAs(rows[0].split(","));
    var none = bed.call("GET", "/v1/exports/usage?format=csv", bed.theirs.projectKey(), null);
    assertThat(none.body().split("\r\n")).hasSize(1);
  }

  @Test
  void exportsTheLedgerAsLinesOfJson() {
    var response = call("/v1/exports/usage?format=jsonl&" + times());
    assertThat(response.headers().firstValue("content-type")).contains("application/x-ndjson");
    assertThat(response.body().lines())
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).startsWith("{\"object\":\"postern.request\""));
  }

  @Test
  void writesInvoicesThatAddUp() {
    var month = YearMonth.from(Instant.ofEpochSecond(startedAt()).atOffset(ZoneOffset.UTC));
    var invoice = bed.get("/v1/invoices/" + month);
    assertThat(invoice.path("period").textValue()).isEqualTo(month.toString());
    assertThat(invoice.path("requests").longValue()).isEqualTo(2);
    assertThat(money(invoice.path("total"))).isEqualByComparingTo(COST.add(COST));
    var sum = BigDecimal.ZERO;
    for (var line : invoice.path("lines")) {
      sum = sum.add(money(line.path("amount")));
      assertThat(line.path("project_id").textValue()).isEqualTo(bed.ours.projectId());
    }
    assertThat(sum).isEqualByComparingTo(money(invoice.path("total")));
    var csv = call("/v1/invoices/" + month + "?format=csv");
    assertThat(csv.headers().firstValue("content-type")).contains("text/csv; charset=utf-8");
    assertThat(csv.body()).contains(bed.ours.projectId());
    var accepted =
        bed.send(
            bed.request("/v1/invoices/" + month)
                .header("Authorization", "Bearer " + bed.ours.adminKey())
                .header("Accept", "text/csv"));
    assertThat(accepted.body()).isEqualTo(csv.body()).startsWith("period,");
  }

  @Test
  void addsADatedPrice() {
    var price =
        bed.json(
            "POST",
            "/v1/postern/prices",
            "{\"model\":\"m\",\"kind\":\"output\",\"price_per_million\":{\"value\":\"0.60\"},\"effective_from\":4102444800}");
    assertThat(price.path("kind").textValue()).isEqualTo("output");
    assertThat(money(price.path("price_per_million"))).isEqualByComparingTo("0.60");
    assertThat(price.path("effective_from").longValue()).isEqualTo(4_102_444_800L);
    assertThat(bed.get("/v1/postern/prices").path("data")).contains(price);
  }

  @Test
  void onlyTheOperatorAddsPricesAndOrganisations() {
    var price =
        bed.call(
            "POST",
            "/v1/postern/prices",
            bed.theirs.adminKey(),
            "{\"model\":\"m\",\"kind\":\"input\",\"price_per_million\":{\"value\":\"9\"}}");
    assertThat(price.statusCode()).isEqualTo(403);
    assertThat(AdminBed.error(price).path("code").textValue()).isEqualTo("operator_only");
    var organisation = "{\"name\":\"Third\",\"admin_email\":\"owner@third.example\"}";
    assertThat(
            bed.call("POST", "/v1/postern/organizations", bed.theirs.adminKey(), organisation)
                .statusCode())
        .isEqualTo(403);

    var third = bed.json("POST", "/v1/postern/organizations", organisation);
    var admin = third.path("admin_api_key").path("value").textValue();
    var projects = bed.call("GET", "/v1/organization/projects", admin, null);
    assertThat(projects.body())
        .contains(third.path("project").path("id").textValue())
        .doesNotContain(bed.ours.projectId());
    var again = bed.call("POST", "/v1/postern/organizations", bed.ours.adminKey(), organisation);
    assertThat(AdminBed.error(again).path("message").textValue()).contains("taken");
  }
}
