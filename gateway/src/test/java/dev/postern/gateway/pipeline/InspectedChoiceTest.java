package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.inspect.OutputInspector.TextStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class InspectedChoiceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void withoutInspectionEverythingPasses() {
    var choice = new InspectedChoice(null);

    var passed = choice.accept("text", logprobs("text"));

    assertThat(passed.text()).isEqualTo("text");
    assertThat(passed.logprobs()).isEqualTo(logprobs("text"));
    assertThat(choice.finish().text()).isEmpty();
    assertThat(choice.blocked()).isFalse();
  }

  @Test
  void logprobsLeaveWithTheTextTheyBelongTo() {
    var choice = new InspectedChoice(new HoldsBackOne("x"));

    assertThat(choice.accept("a", logprobs("a")))
        .isEqualTo(new InspectedChoice.Passed("", JSON.nullNode()));
    assertThat(choice.accept("b", logprobs("b")))
        .isEqualTo(new InspectedChoice.Passed("a", logprobs("a")));
    assertThat(choice.accept("", MissingNode.getInstance()).text()).isEmpty();
    assertThat(choice.accept("cd", logprobs("cd")))
        .isEqualTo(new InspectedChoice.Passed("bc", logprobs("b")));
    assertThat(choice.finish()).isEqualTo(new InspectedChoice.Passed("d", logprobs("cd")));
  }

  @Test
  void logprobsOfSeveralDeltasThatLeaveTogetherAreJoined() {
    var choice = new InspectedChoice(new HoldsEverythingBack());

    choice.accept("a", logprobs("a"));
    choice.accept("b", logprobs("b"));

    assertThat(choice.finish()).isEqualTo(new InspectedChoice.Passed("ab", logprobs("a", "b")));
  }

  @Test
  void onceTheTextWasChangedNoLogprobsLeave() {
    var choice = new InspectedChoice(new HoldsBackOne("b"));

    choice.accept("a", logprobs("a"));
    choice.accept("b", logprobs("b"));

    var redacted = choice.accept("c", logprobs("c"));
    assertThat(redacted.text()).isEqualTo("*");
    assertThat(redacted.logprobs().isNull()).isTrue();
    assertThat(choice.finish().logprobs().isNull()).isTrue();
  }

  private static JsonNode logprobs(String... tokens) {
    try {
      var array = JSON.createArrayNode();
      for (var token : tokens) {
        array.addObject().put("token", token).put("logprob", -0.5);
      }
      return JSON.readTree("{\"content\":" + array + ",\"refusal\":null}");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Keeps the last character back, and lets one character leave only as a star. */
  private static final class HoldsBackOne implements TextStream {
    private final String secret;
    private String held = "";

    HoldsBackOne(String secret) {
      this.secret = secret;
    }

    @Override
    public String accept(String delta) {
      var all = held + delta;
      var cut = Math.max(0, all.length() - 1);
      held = all.substring(cut);
      return all.substring(0, cut).replace(secret, "*");
    }

    @Override
    public String finish() {
      var rest = held;
      held = "";
      return rest.replace(secret, "*");
    }

    @Override
    public boolean blocked() {
      return false;
    }

    @Override
    public List<Finding> findings() {
      return List.of();
    }
  }

  private static final class HoldsEverythingBack implements TextStream {
    private final StringBuilder held = new StringBuilder();

    @Override
    public String accept(String delta) {
      held.append(delta);
      return "";
    }

    @Override
    public String finish() {
      return held.toString();
    }

    @Override
    public boolean blocked() {
      return false;
    }

    @Override
    public List<Finding> findings() {
      return List.of();
    }
  }
}
