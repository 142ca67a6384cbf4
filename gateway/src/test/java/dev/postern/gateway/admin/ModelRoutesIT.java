package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelRoutesIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final String MODEL = "/v1/postern/models/" + AdminBed.MODEL;

  private static AdminBed bed;

  @BeforeAll
  static void start(@TempDir Path spool) {
    bed = new AdminBed(POSTGRES, spool);
  }

  @BeforeEach
  void forgetJobs() {
    bed.models.forgetJobs();
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  @Test
  void showsTheCardTheFormatsAndWhyOneOfThemIsServed() {
    var model = bed.get("/v1/postern/models").path("data").path(0);
    assertThat(model.path("id").textValue()).isEqualTo(AdminBed.MODEL);
    assertThat(model.path("why").textValue()).isEqualTo("the fastest");
    assertThat(model.path("card").path("licence").textValue()).isEqualTo("mit");
    assertThat(model.path("card").path("source_digest").textValue()).startsWith("sha256:");
    var served = model.path("formats").path(0);
    assertThat(served.path("served").booleanValue()).isTrue();
    assertThat(served.path("quality").path("divergence").doubleValue()).isEqualTo(0.004);
    assertThat(model.path("formats").path(1).path("quality").isNull()).isTrue();
    assertThat(bed.get(MODEL)).isEqualTo(model);
  }

  @Test
  void aJobIsBegunShownAndWrittenDown() {
    var job = bed.json("POST", MODEL + "/quantize", "{\"format\":\"mixed\",\"max_bytes\":1000}");
    assertThat(job.path("kind").textValue()).isEqualTo("quantize");
    assertThat(job.path("format").textValue()).isEqualTo("mixed");
    assertThat(job.path("state").textValue()).isEqualTo("queued");
    var id = job.path("id").textValue();
    assertThat(bed.get("/v1/postern/jobs").path("data").path(0)).isEqualTo(job);
    assertThat(bed.get("/v1/postern/jobs/" + id)).isEqualTo(job);
    bed.json("POST", "/v1/postern/jobs/" + id + "/cancel", "{}");
    var log = bed.get("/v1/organization/audit_logs").path("data");
    assertThat(log.path(0).path("type").textValue()).isEqualTo("model_job.cancel");
    assertThat(log.path(1).path("type").textValue()).isEqualTo("model.quantize");
  }

  @Test
  void tooManyJobsAreToldToComeBack() {
    for (int i = 1; i < FakeModels.MOST_JOBS; i++) {
      bed.json("POST", MODEL + "/measure", "{}");
    }
    var refused = bed.call("POST", MODEL + "/measure", bed.ours.adminKey(), "{}");
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("retry-after")).contains("60");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/quantize | {} | format",
        "/quantize | {\"format\":\"q2\"} | format",
        "/quantize | {\"format\":\"q4\",\"max_bytes\":1000} | max_bytes",
        "/quantize | {\"format\":\"mixed\",\"max_bytes\":0} | max_bytes",
        "/quantize | {\"format\":\"mixed\",\"max_divergence\":\"low\"} | max_divergence",
        "/quantize | {\"format\":\"mixed\",\"max_divergence\":-1} | max_divergence",
        "/quantize | {\"format\":\"mixed\",\"max_bytes\":9,\"max_divergence\":1} | max_divergence",
        "/measure | {\"format\":\"q4\"} | format",
        "/serve | {} | digest"
      })
  void namesTheParameterThatIsWrong(String path, String body, String param) {
    var refused = bed.call("POST", MODEL + path, bed.ours.adminKey(), body);
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(AdminBed.error(refused).path("param").textValue()).isEqualTo(param);
  }

  @Test
  void knowsNoModelAndNoJobButItsOwn() {
    var key = bed.ours.adminKey();
    assertThat(bed.call("GET", "/v1/postern/models/other", key, null).statusCode()).isEqualTo(404);
    assertThat(bed.call("POST", "/v1/postern/models/other/measure", key, "{}").statusCode())
        .isEqualTo(404);
    var job = "/v1/postern/jobs/" + WireId.JOB.format(new UUID(1, 2));
    assertThat(bed.call("GET", job, key, null).statusCode()).isEqualTo(404);
    assertThat(bed.call("POST", job + "/cancel", key, "{}").statusCode()).isEqualTo(404);
    assertThat(bed.call("GET", "/v1/postern/jobs/none", key, null).statusCode()).isEqualTo(404);
  }

  @Test
  void encodersHaveNoFormatsToMeasure() {
    var path = "/v1/postern/models/" + FakeModels.ENCODER + "/measure";
    assertThat(bed.call("POST", path, bed.ours.adminKey(), "{}").statusCode()).isEqualTo(400);
  }
}
