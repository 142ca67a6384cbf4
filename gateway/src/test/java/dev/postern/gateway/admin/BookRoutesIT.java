package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.wire.openai.CallId;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.UsageReports.CostDimension;
import dev.postern.tenancy.UsageReports.UsageDimension;
import dev.postern.tenancy.UsageReports.Width;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import java.net.http.HttpResponse;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the ledger's routes ask for and how they shape what they get. */
class BookRoutesIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static AdminBed bed;
  private static UsageEvent event;

  @BeforeAll
  static void start() {
    bed = new AdminBed(POSTGRES);
    event =
        Entries.event(
            bed.ours, Principal.Kind.PROJECT_KEY, bed.ours.projectKeyId(), AdminBed.MODEL);
    bed.books.entries.add(Entries.entry(event));
    bed.books.events.add(Entries.finding(event));
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  private static HttpResponse<String> call(String path) {
    return bed.call("GET", path, bed.ours.adminKey(), null);
  }

  @Test
  void reportsUsageInTheOpenAiShape() {
    var page =
        bed.get(
            "/v1/organization/usage/completions?start_time=1790000000&end_time=1790100000"
                + "&bucket_width=1h&limit=5&group_by[]=model&group_by[]=project_id"
                + "&group_by=batch&project_ids="
                + bed.ours.projectId());
    var query = bed.books.usageQueries.getLast();
    assertThat(query.start()).isEqualTo(Instant.ofEpochSecond(1_790_000_000L));
    assertThat(query.end()).isEqualTo(Instant.ofEpochSecond(1_790_100_000L));
    assertThat(query.width()).isEqualTo(Width.HOUR);
    assertThat(query.buckets()).isEqualTo(5);
    assertThat(query.groupBy())
        .containsExactlyInAnyOrder(UsageDimension.MODEL, UsageDimension.PROJECT);
    assertThat(query.filter().projects()).containsExactly(bed.ours.project());
    assertThat(page.path("object").textValue()).isEqualTo("page");
    assertThat(page.path("has_more").booleanValue()).isFalse();
    assertThat(page.path("next_page").isNull()).isTrue();
    var bucket = page.path("data").get(0);
    assertThat(bucket.path("object").textValue()).isEqualTo("bucket");
    var result = bucket.path("results").get(0);
    assertThat(result.path("object").textValue())
        .isEqualTo("organization.usage.completions.result");
    assertThat(result.path("input_tokens").longValue()).isEqualTo(10);
    assertThat(result.path("input_cached_tokens").longValue()).isEqualTo(4);
    assertThat(result.path("output_tokens").longValue()).isEqualTo(7);
    assertThat(result.path("num_model_requests").longValue()).isEqualTo(1);
    assertThat(result.path("project_id").textValue()).isEqualTo(bed.ours.projectId());
    assertThat(result.path("model").textValue()).isEqualTo(AdminBed.MODEL);
    assertThat(result.path("api_key_id").isNull()).isTrue();
    assertThat(result.path("batch").booleanValue()).isFalse();
    assertThat(result.path("service_tier").isNull()).isTrue();
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
  void reportsCostsAsExactNumbersPageByPage() {
    var path = "/v1/organization/costs?start_time=1790000000&group_by[]=line_item&limit=1";
    var page = bed.get(path);
    assertThat(bed.books.costQueries.getLast().groupBy()).containsExactly(CostDimension.LINE_ITEM);
    var result = page.path("data").get(0).path("results").get(0);
    assertThat(result.path("object").textValue()).isEqualTo("organization.costs.result");
    assertThat(result.path("amount").path("value").isNumber()).isTrue();
    assertThat(result.path("amount").path("value").decimalValue()).isEqualByComparingTo("0.10");
    assertThat(result.path("amount").path("currency").textValue()).isEqualTo("usd");
    assertThat(page.path("has_more").booleanValue()).isTrue();
    bed.get(path + "&page=" + page.path("next_page").textValue());
    assertThat(bed.books.costQueries.getLast().start())
        .isEqualTo(Instant.ofEpochSecond(1_790_000_000L + 86_400));
  }

  @Test
  void showsRequestsWithoutTheirText() {
    var request = bed.get("/v1/postern/requests").path("data").get(0);
    assertThat(request.path("id").textValue()).isEqualTo(CallId.REQUEST.format(event.id()));
    assertThat(request.path("endpoint").textValue()).isEqualTo("chat_completions");
    assertThat(request.path("outcome").textValue()).isEqualTo("completed");
    assertThat(request.path("api_key_id").textValue())
        .isEqualTo(WireId.API_KEY.format(bed.ours.projectKeyId()));
    assertThat(request.path("user_id").isNull()).isTrue();
    assertThat(request.path("first_token_ms").doubleValue()).isEqualTo(12.5);
    assertThat(request.path("amount").path("value").textValue()).isEqualTo("0.000003");
    assertThat(bed.get("/v1/postern/requests?outcome=failed").path("data")).isEmpty();
  }

  @Test
  void tellsHowARequestWentAndWhatItCost() {
    for (var id :
        new String[] {
          CallId.REQUEST.format(event.id()), CallId.CHAT_COMPLETION.format(event.id())
        }) {
      var request = bed.get("/v1/postern/requests/" + id);
      assertThat(request.path("stages").toString())
          .isEqualTo(
              "[{\"name\":\"authenticate\",\"ms\":0.012},{\"name\":\"generate\",\"ms\":40.0}]");
      assertThat(request.path("findings").get(0).path("count").longValue()).isEqualTo(2);
      var line = request.path("price_lines").get(0);
      assertThat(line.path("unit_price").path("value").textValue()).isEqualTo("0.15");
      assertThat(line.path("amount").path("value").textValue()).isEqualTo("0.0000015");
      assertThat(request.path("runner_cpu_ms").doubleValue()).isEqualTo(30.0);
    }
    assertThat(call("/v1/postern/requests/req_unknown").statusCode()).isEqualTo(404);
  }

  @Test
  void listsSecurityEvents() {
    var found = bed.get("/v1/postern/security_events").path("data").get(0);
    assertThat(found.path("id").textValue()).startsWith("secevt_");
    assertThat(found.path("request_id").textValue()).isEqualTo(CallId.REQUEST.format(event.id()));
    assertThat(found.path("detector").textValue()).isEqualTo("pii.email");
    assertThat(found.path("count").longValue()).isEqualTo(2);
  }

  @Test
  void sumsUpForTheHomePage() {
    var overview = bed.get("/v1/postern/overview");
    assertThat(overview.path("object").textValue()).isEqualTo("postern.overview");
    assertThat(overview.path("current").path("requests").longValue()).isEqualTo(1);
    assertThat(overview.path("current").path("p95_first_token_ms").doubleValue()).isEqualTo(12.5);
    assertThat(overview.path("previous").path("p95_first_token_ms").isNull()).isTrue();
    assertThat(overview.path("budget").path("limit").isNull()).isTrue();
    assertThat(overview.path("top_keys").get(0).path("id").textValue()).startsWith("key_");
    assertThat(overview.path("top_errors").get(0).path("code").textValue())
        .isEqualTo("rate_limit_exceeded");
  }

  @Test
  void exportsTheLedgerAsRowsThatSpreadsheetsCanOpen() {
    var response = call("/v1/exports/usage?format=csv");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("text/csv; charset=utf-8");
    var rows = response.body().split("\r\n");
    assertThat(rows).hasSize(3);
    assertThat(rows[0]).startsWith("id,created_at,project_id,");
    assertThat(rows[1])
        .startsWith(CallId.REQUEST.format(event.id()) + ",2026-11-20T10:00:00Z,")
        .contains(",\"'=evil,\"\"name\"\"\",")
        .endsWith(",true,redact,0.000003,usd");
    assertThat(rows[1].split(",")).hasSize(rows[0].split(",").length + 1);
  }

  @Test
  void exportsTheLedgerAsLinesOfJson() {
    var response = call("/v1/exports/usage?format=jsonl");
    assertThat(response.headers().firstValue("content-type")).contains("application/x-ndjson");
    assertThat(response.body().lines())
        .hasSize(2)
        .allSatisfy(line -> assertThat(line).startsWith("{\"object\":\"postern.request\""));
  }

  @Test
  void exportsAHeaderWhereThereIsNothing() {
    var response = bed.call("GET", "/v1/exports/usage?format=csv", bed.theirs.projectKey(), null);
    assertThat(response.body().split("\r\n")).hasSize(1);
  }

  @Test
  void writesInvoicesAsJsonAndCsv() {
    var invoice = bed.get("/v1/invoices/2026-11");
    assertThat(invoice.path("period").textValue()).isEqualTo("2026-11");
    assertThat(invoice.path("total").path("value").textValue()).isEqualTo("0.0000015");
    assertThat(invoice.path("lines").get(0).path("quantity").longValue()).isEqualTo(10);
    var csv = call("/v1/invoices/2026-11?format=csv");
    assertThat(csv.headers().firstValue("content-type")).contains("text/csv; charset=utf-8");
    var accepted =
        bed.send(
            bed.request("/v1/invoices/2026-11")
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
            "{\"model\":\"m\",\"kind\":\"output\",\"price_per_million\":{\"value\":\"0.60\"},\"effective_from\":1790000000}");
    assertThat(price.path("kind").textValue()).isEqualTo("output");
    assertThat(price.path("price_per_million").path("value").textValue()).isEqualTo("0.6");
    assertThat(price.path("effective_from").longValue()).isEqualTo(1_790_000_000L);
    assertThat(bed.get("/v1/postern/prices").path("data")).contains(price);
  }
}
