package dev.postern.runners.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.template.Conversation.ToolCall;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.BadRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The expected texts are what Jinja itself renders, set up as Hugging Face's library does. */
class ChatTemplateTest {
  private static final List<Turn> ONE_TURN = List.of(message("user", "Hi there"));
  private static final List<Turn> CONVERSATION =
      List.of(
          message("system", " Be brief. "),
          message("user", " 2+2? \n"),
          message("assistant", "4"),
          message("user", "ünï 🚀"));

  private static Turn message(String role, String content) {
    return Turn.of(role, content);
  }

  private static String resource(String name) {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("/templates/" + name)) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private static String render(String template, List<Turn> messages) {
    return ChatTemplate.parse(template, "<s>", "</s>").render(Conversation.of(messages));
  }

  @ParameterizedTest
  @ValueSource(strings = {"smollm2", "llama3", "qwen2", "features"})
  void rendersAsJinjaDoes(String name) {
    String template = resource(name + ".jinja");
    assertThat(render(template, ONE_TURN)).isEqualTo(resource(name + ".one-turn.txt"));
    assertThat(render(template, CONVERSATION)).isEqualTo(resource(name + ".conversation.txt"));
  }

  @Test
  void showsToolsAndCallsAsJinjaDoes() throws IOException {
    JsonNode given = new ObjectMapper().readTree(resource("tools.json"));
    List<Turn> turns = new ArrayList<>();
    for (JsonNode message : given.get("messages")) {
      List<ToolCall> calls = new ArrayList<>();
      for (JsonNode call : message.path("tool_calls")) {
        JsonNode function = call.get("function");
        calls.add(
            new ToolCall(
                call.get("id").asText(),
                function.get("name").asText(),
                function.get("arguments").toString()));
      }
      turns.add(
          new Turn(
              message.get("role").asText(),
              message.get("content").asText(),
              null,
              calls,
              message.path("tool_call_id").textValue(),
              message.path("reasoning_content").textValue()));
    }
    List<JsonNode> tools = new ArrayList<>();
    given.get("tools").forEach(tools::add);
    var clock = InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z"));
    var template = ChatTemplate.parse(resource("tools.jinja"), "<s>", "</s>", clock);
    var flags = Map.of("enable_thinking", given.at("/flags/enable_thinking"));
    assertThat(template.render(new Conversation(turns, tools, flags)))
        .isEqualTo(resource("tools.txt"));
  }

  @Test
  void tellsWhatATemplateRefuses() {
    String template = "{{ raise_exception('Roles must ' ~ 'alternate') }}";
    assertThatThrownBy(() -> render(template, ONE_TURN))
        .isInstanceOfSatisfying(
            BadRequest.class,
            failure -> {
              assertThat(failure).hasMessageEndingWith("Roles must alternate");
              assertThat(failure.param()).isEqualTo("messages");
            });
  }

  @Test
  void stopsTemplatesThatRunTooLong() {
    String nested = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assertThatThrownBy(() -> render(nested, ONE_TURN)).hasMessageContaining("too long");
    String doubling =
        "{% set n = namespace(t='xxxxxxxx') %}{% for a in range(99) %}"
            + "{% set n.t = n.t ~ n.t %}{% endfor %}";
    assertThatThrownBy(() -> render(doubling, ONE_TURN)).hasMessageContaining("too long");
    assertThatThrownBy(() -> render("{{ range(99999999) }}", ONE_TURN))
        .hasMessageContaining("a range is too long");
    for (String swelling :
        List.of(
            "{% set n = namespace(t='xxxxxxxx') %}{% for a in range(18) %}"
                + "{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t.replace('x', n.t) }}",
            "{% set n = namespace(t='xxxxxxxx') %}{% for a in range(18) %}"
                + "{% set n.t = n.t ~ n.t %}{% endfor %}{{ range(9999)|join(n.t) }}",
            "{% set n = namespace(l=[1]) %}{% for a in range(40) %}"
                + "{% set n.l = n.l + n.l %}{% endfor %}")) {
      assertThatThrownBy(() -> render(swelling, ONE_TURN)).hasMessageContaining("too long");
    }
    String recursive = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    assertThatThrownBy(() -> render(recursive, ONE_TURN)).hasMessageContaining("too deeply");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{% include 'x' %}",
        "{{ x|shell }}",
        "{{ x is safe }}",
        "{% if x %}",
        "{% endif %}",
        "{{ 'open",
        "{{ x",
        "{# x",
        "{{ }}",
        "{{ 1 2 }}"
      })
  void refusesWhatItDoesNotKnow(String template) {
    assertThatThrownBy(() -> ChatTemplate.parse(template, "", ""))
        .isInstanceOf(TemplateSyntaxException.class);
  }

  @Test
  void refusesDeepNestingInsteadOfOverflowing() {
    String deep = "{{ " + "(".repeat(50_000) + "1" + ")".repeat(50_000) + " }}";
    assertThatThrownBy(() -> ChatTemplate.parse(deep, "", ""))
        .isInstanceOf(TemplateSyntaxException.class);
    String blocks = "{% if 1 %}".repeat(5_000) + "{% endif %}".repeat(5_000);
    assertThatThrownBy(() -> ChatTemplate.parse(blocks, "", ""))
        .isInstanceOf(TemplateSyntaxException.class);
    String chain = "{% if 1 %}" + "{% elif 1 %}".repeat(5_000) + "{% endif %}";
    assertThatThrownBy(() -> ChatTemplate.parse(chain, "", ""))
        .isInstanceOf(TemplateSyntaxException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{{ ''.__class__ }}", "{{ messages.getClass }}", "{{ x.y is defined }}"})
  void reachesNothingButTheMessages(String template) {
    try {
      assertThat(render(template, ONE_TURN)).isEmpty();
    } catch (BadRequest refused) {
      assertThat(refused).hasMessageContaining("undefined");
    }
  }

  @Test
  void survivesValuesThatHoldThemselves() {
    String cycle = "{% set n = namespace() %}{% set n.n = n %}{{ n }}{{ [n, n]|unique|length }}";
    assertThat(render(cycle, ONE_TURN)).isEqualTo("<Namespace>1");
    assertThatThrownBy(() -> render("{% set n = namespace() %}{{ [n]|tojson }}", ONE_TURN))
        .hasMessageContaining("no JSON form");
    assertThat(
            render(
                "{{ 'añ🚀'[2] }}{{ 'añ🚀b'[-2:] }}{{ 'ab'[5:] }}{{ 'abc'[::9999999999] }}",
                ONE_TURN))
        .isEqualTo("🚀🚀ba");
  }

  @Test
  void givesChatMlToAModelWithoutATemplateThatKnowsIt() {
    var template = ChatTemplate.without(true, "", "");
    assertThat(template.render(Conversation.of(ONE_TURN)))
        .isEqualTo("<|im_start|>user\nHi there<|im_end|>\n<|im_start|>assistant\n");
    assertThat(template.stops()).isEmpty();
  }

  @Test
  void writesADialogueForAModelThatKnowsNoTurns() {
    var template = ChatTemplate.without(false, "", "");
    assertThat(
            template.render(
                Conversation.of(
                    List.of(
                        Turn.of("system", "Be kind."),
                        Turn.of("user", "Hi"),
                        Turn.of("assistant", "Hello"),
                        Turn.of("user", "Bye")))))
        .isEqualTo(
            "Be kind.\n\n### User:\nHi\n\n### Assistant:\nHello\n\n### User:\nBye\n\n"
                + "### Assistant:\n");
    assertThat(template.stops()).containsExactly("\n\n### ", "\n### ");
  }
}
