package dev.postern.gateway.inspect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PolicyInspectorTest {
  private final PolicyInspector inspector = new PolicyInspector(new RuleDetectors());

  private static GuardrailPolicy policy(Map<String, Action> actions, String... blockList) {
    return new GuardrailPolicy(1, actions, List.of(blockList));
  }

  @Test
  void letsEverythingPassWhereAllIsOff() {
    var policy = policy(Map.of());
    assertThat(inspector.active(policy)).isFalse();
    assertThat(inspector.inspect(policy, List.of("a@b.cd")))
        .isEqualTo(new PromptVerdict.Allowed(List.of()));
  }

  @Test
  void allowsWhatIsOnlyFlagged() {
    var policy = policy(Map.of("pii.email", Action.FLAG));
    assertThat(inspector.active(policy)).isTrue();
    assertThat(inspector.inspect(policy, List.of("a@b.cd", "hi", "c@d.ef")))
        .isEqualTo(new PromptVerdict.Allowed(List.of(new Finding("pii.email", Action.FLAG, 2))));
  }

  @Test
  void rewritesTheMessagesInPlace() {
    var policy = policy(Map.of("pii.email", Action.REDACT));
    assertThat(inspector.inspect(policy, List.of("I am a@b.cd", "hi", "and c@d.ef?")))
        .isEqualTo(
            new PromptVerdict.Rewritten(
                List.of("I am [EMAIL]", "hi", "and [EMAIL]?"),
                List.of(new Finding("pii.email", Action.REDACT, 2))));
  }

  @Test
  void blocksAPromptWithABlockedWord() {
    var policy = policy(Map.of("topic.block_list", Action.BLOCK), "Bluebird");
    assertThat(inspector.inspect(policy, List.of("hello", "what is BLUEBIRD?")))
        .isEqualTo(
            new PromptVerdict.Blocked(List.of(new Finding("topic.block_list", Action.BLOCK, 1))));
  }
}
