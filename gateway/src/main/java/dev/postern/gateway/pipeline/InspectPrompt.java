package dev.postern.gateway.pipeline;

import dev.postern.gateway.inspect.PromptInspector;
import dev.postern.gateway.inspect.PromptVerdict;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.Policies;
import io.vertx.core.Future;

/** Lets a prompt pass, rewrites it, or ends the call, as the project's policy says. */
public final class InspectPrompt {
  private final Policies policies;
  private final PromptInspector inspector;

  public InspectPrompt(Policies policies, PromptInspector inspector) {
    this.policies = policies;
    this.inspector = inspector;
  }

  public Future<ScreenedCall> screen(AdmittedCall admitted) {
    var caller = admitted.caller();
    return policies
        .effective(caller.tenant(), caller.project())
        .map(policy -> judge(admitted, policy));
  }

  private ScreenedCall judge(AdmittedCall admitted, GuardrailPolicy policy) {
    var texts = PromptTexts.of(admitted.request());
    return switch (inspector.inspect(policy, texts)) {
      case PromptVerdict.Allowed(var findings) ->
          new ScreenedCall(admitted, policy, texts, findings);
      case PromptVerdict.Rewritten(var rewritten, var findings) ->
          new ScreenedCall(admitted, policy, rewritten, findings);
      case PromptVerdict.Blocked(var findings) ->
          throw new WireException(new WireFailure.PromptBlocked(findings));
    };
  }
}
