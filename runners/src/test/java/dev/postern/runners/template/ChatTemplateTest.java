package dev.postern.runners.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ChatRequest.Message;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The expected texts are what Jinja itself renders, set up as Hugging Face's library does. */
class ChatTemplateTest {
  private static final List<Message> ONE_TURN = List.of(message("user", "Hi there"));
  private static final List<Message> CONVERSATION =
      List.of(
          message("system", " Be brief. "),
          message("user", " 2+2? \n"),
          message("assistant", "4"),
          message("user", "ünï 🚀"));

  private static Message message(String role, String content) {
    return new Message(role, content, null);
  }

  private static String resource(String name) {
    try (InputStream in = ChatTemplateTest.class.getResourceAsStream("/templates/" + name)) {
      assertThat(in).isNotNull();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private static String render(String template, List<Message> messages) {
    return ChatTemplate.parse(template, "<s>", "</s>").render(messages);
  }

  @ParameterizedTest
  @ValueSource(strings = {"smollm2", "llama3", "qwen2", "features"})
  void rendersAsJinjaDoes(String name) {
    String template = resource(name + ".jinja");
    assertThat(render(template, ONE_TURN)).isEqualTo(resource(name + ".one-turn.txt"));
    assertThat(render(template, CONVERSATION)).isEqualTo(resource(name + ".conversation.txt"));
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
  void givesChatMlToAModelWithoutATemplate() {
    assertThat(ChatTemplate.plain("", "").render(ONE_TURN))
        .isEqualTo("<|im_start|>user\nHi there<|im_end|>\n<|im_start|>assistant\n");
  }
}
