package dev.postern.gateway.testing;

import dev.postern.gateway.pipeline.AdmittedCall;
import dev.postern.gateway.pipeline.Caller;
import dev.postern.gateway.pipeline.Credentials;
import dev.postern.gateway.pipeline.InferenceCall;
import dev.postern.gateway.pipeline.ParsedCall;
import dev.postern.gateway.pipeline.RoutedCall;
import dev.postern.gateway.pipeline.ScreenedCall;
import dev.postern.gateway.pipeline.StageTimes;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.RoutePlan;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RequestParser;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.buffer.Buffer;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Calls at each point of their way, for tests of one stage. */
public final class Calls {
  public static final Instant STARTED = Instant.parse("2026-05-06T07:08:09Z");
  public static final UUID ID = new UUID(0x0123456789ab7000L, 0x8000000000000001L);
  public static final Caller CALLER =
      new Caller(
          new Principal(
              Principal.Kind.PROJECT_KEY,
              GatewayBed.TENANT,
              GatewayBed.PROJECT,
              new UUID(1, 3),
              "test"),
          GatewayBed.PROJECT);

  private Calls() {}

  public static InferenceCall call(FakeClient client) {
    return new InferenceCall(
        ID,
        "req_1",
        UsageEvent.Endpoint.CHAT_COMPLETIONS,
        new Credentials("sk-proj-test", null, null, null, null, true),
        STARTED,
        System.nanoTime(),
        client,
        new StageTimes());
  }

  public static ChatRequest chat(String fields) {
    return RequestParser.chat(
        Buffer.buffer(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
                + fields
                + "}"));
  }

  public static ParsedCall parsed(FakeClient client, InferenceRequest request) {
    return new ParsedCall(call(client), CALLER, request);
  }

  public static RoutedCall routed(FakeClient client, InferenceRequest request) {
    var version = new ModelVersion("sha256:1", "m-v1", ModelVersion.Role.CHAT, 2048, 8, STARTED);
    var candidate = new RoutePlan.Candidate("runner", URI.create("http://127.0.0.1:1"), "m@1");
    return new RoutedCall(parsed(client, request), new RoutePlan("m", version, List.of(candidate)));
  }

  public static AdmittedCall admitted(FakeClient client, InferenceRequest request) {
    var routed = routed(client, request);
    var demand = new Quotas.Demand(ID, CALLER.principal(), GatewayBed.PROJECT, "m", 11, 16, 2048);
    var quotas = new FakeQuotas();
    return new AdmittedCall(routed, demand, GatewayBed.await(quotas.reserve(demand)));
  }

  public static ScreenedCall screened(FakeClient client, InferenceRequest request) {
    return new ScreenedCall(
        admitted(client, request),
        new GuardrailPolicy(0, Map.of(), List.of()),
        List.of("Hi"),
        List.of());
  }
}
