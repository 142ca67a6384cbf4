package dev.postern.runners.template;

import dev.postern.runners.template.Conversation.ToolCall;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.BadRequest;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns messages into the text a model was trained on, by the Jinja template that came with it. A
 * template is data of an unknown maker: it can read the messages and print, no more, within bounds.
 */
public final class ChatTemplate {
  private static final int MAX_TEMPLATE = 1 << 20;
  private static final int MAX_OUTPUT = 1 << 24;
  private static final int MAX_RANGE = 10_000;

  /** A token of models that were trained on ChatML. */
  public static final String CHATML_TURN = "<|im_start|>";

  private static final String CHATML =
      """
      {% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content \
      + '<|im_end|>\\n' }}{% endfor %}{{ '<|im_start|>assistant\\n' }}\
      """;

  /** What a model that was trained on no turns at all goes on with as intended. */
  private static final String DIALOGUE =
      """
      {% for message in messages %}{% if message.role == 'system' %}{{ message.content + '\\n\\n' }}\
      {% else %}{{ '### ' + message.role|capitalize + ':\\n' + message.content + '\\n\\n' }}\
      {% endif %}{% endfor %}{{ '### Assistant:\\n' }}\
      """;

  private static final List<String> DIALOGUE_STOPS = List.of("\n\n### ", "\n### ");

  private final String source;
  private final List<Statement> template;
  private final String beginning;
  private final String end;
  private final InstantSource clock;

  private ChatTemplate(
      String source, List<Statement> template, String beginning, String end, InstantSource clock) {
    this.source = source;
    this.template = template;
    this.beginning = beginning;
    this.end = end;
    this.clock = clock;
  }

  /**
   * @param beginning the token that begins a text, as the template may print it
   * @param end the token that ends one
   * @throws TemplateSyntaxException when the template uses what is not known here
   */
  public static ChatTemplate parse(String text, String beginning, String end) {
    return parse(text, beginning, end, InstantSource.system());
  }

  /**
   * @param clock for templates that print the date, in UTC
   */
  public static ChatTemplate parse(String text, String beginning, String end, InstantSource clock) {
    if (text.length() > MAX_TEMPLATE) {
      throw new TemplateSyntaxException("the template is too long");
    }
    return new ChatTemplate(text, TemplateParser.parse(text), beginning, end, clock);
  }

  /**
   * For a model that brings no template: ChatML where its vocabulary has that, else a dialogue in
   * plain text, as most such models were only trained to go on with a text.
   */
  public static ChatTemplate without(boolean chatMl, String beginning, String end) {
    return parse(chatMl ? CHATML : DIALOGUE, beginning, end);
  }

  /** Texts at which an answer is over, for a model that has no token to say so. */
  public List<String> stops() {
    return source.equals(DIALOGUE) ? DIALOGUE_STOPS : List.of();
  }

  /** The template itself, from which a family's habits can be told. */
  public String source() {
    return source;
  }

  /**
   * The text up to where the assistant's answer begins.
   *
   * @throws BadRequest when the template refuses the messages
   */
  public String render(Conversation conversation) {
    Map<String, Object> variables = Values.map();
    conversation.flags().forEach((name, value) -> variables.put(name, JsonTrees.value(value)));
    variables.put("messages", conversation.turns().stream().map(ChatTemplate::value).toList());
    variables.put("add_generation_prompt", true);
    variables.put("bos_token", beginning);
    variables.put("eos_token", end);
    variables.put(
        "tools",
        conversation.tools().isEmpty()
            ? Values.NONE
            : conversation.tools().stream().map(JsonTrees::value).toList());
    variables.put("documents", Values.NONE);
    variables.put("namespace", function((_, named) -> new Values.Namespace(named)));
    variables.put("dict", function((_, named) -> named));
    variables.put("range", function(ChatTemplate::range));
    variables.put("raise_exception", function(ChatTemplate::refuse));
    variables.put("strftime_now", function(this::now));
    try {
      return Interpreter.render(template, variables, MAX_OUTPUT);
    } catch (TemplateFailure failure) {
      throw new BadRequest(
          "The model's chat template refused the messages: " + failure.getMessage(),
          "messages",
          "invalid_value");
    }
  }

  private static Object value(Turn turn) {
    Map<String, Object> value = Values.map();
    value.put("role", turn.role());
    value.put("content", turn.content());
    putIfThere(value, "name", turn.name());
    putIfThere(value, "tool_call_id", turn.toolCallId());
    putIfThere(value, "reasoning_content", turn.reasoning());
    if (!turn.toolCalls().isEmpty()) {
      value.put("tool_calls", turn.toolCalls().stream().map(ChatTemplate::value).toList());
    }
    return value;
  }

  private static void putIfThere(Map<String, Object> value, String key, @Nullable String text) {
    if (text != null) {
      value.put(key, text);
    }
  }

  private static Object value(ToolCall call) {
    Map<String, Object> function = Values.map();
    function.put("name", call.name());
    function.put("arguments", JsonTrees.object(call.arguments()));
    Map<String, Object> value = Values.map();
    value.put("id", call.id());
    value.put("type", "function");
    value.put("function", function);
    return value;
  }

  private Object now(List<Object> positional, Map<String, Object> named) {
    String format = Values.text(new CallArguments(positional, named).value(0, "format", ""));
    return Dates.format(clock.instant(), format);
  }

  private static Values.Function function(Values.Function function) {
    return function;
  }

  private static Object range(List<Object> positional, Map<String, Object> named) {
    var arguments = new CallArguments(positional, named);
    boolean one = positional.size() == 1;
    long start = one ? 0 : arguments.whole(0, "start", 0);
    long stop = arguments.whole(one ? 0 : 1, "stop", 0);
    long step = arguments.whole(2, "step", 1);
    if (step == 0) {
      throw new TemplateFailure("a range cannot go by 0");
    }
    List<Object> numbers = new ArrayList<>();
    for (long number = start; step > 0 ? number < stop : number > stop; number += step) {
      if (numbers.size() == MAX_RANGE) {
        throw new TemplateFailure("a range is too long");
      }
      numbers.add(number);
    }
    return numbers;
  }

  private static Object refuse(List<Object> positional, Map<String, Object> named) {
    throw new TemplateFailure(
        Values.text(new CallArguments(positional, named).value(0, "message", "")));
  }
}
