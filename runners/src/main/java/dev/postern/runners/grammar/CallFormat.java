package dev.postern.runners.grammar;

/**
 * How a family of models writes calls of functions: {@code begin} once, then for each call {@code
 * before}, the name, {@code middle}, the arguments and {@code after}, with {@code between} between
 * two of them, then {@code end}.
 *
 * @param trigger what tells a call from text: {@code begin} and {@code before} begin with it
 * @param several whether it can write more than one call
 */
public record CallFormat(
    String trigger,
    String begin,
    String before,
    String middle,
    String after,
    String between,
    String end,
    boolean several) {

  /** Hermes, Qwen, SmolLM, and what models that were not trained to call are told to write. */
  public static final CallFormat TAGS =
      new CallFormat(
          "<tool_call>",
          "",
          "<tool_call>\n{\"name\": \"",
          "\", \"arguments\": ",
          "}\n</tool_call>",
          "\n",
          "",
          true);

  /** Mistral: one list behind a control token. */
  public static final CallFormat LIST =
      new CallFormat(
          "[TOOL_CALLS]",
          "[TOOL_CALLS][",
          "{\"name\": \"",
          "\", \"arguments\": ",
          "}",
          ", ",
          "]",
          true);

  /** Llama 3: the bare object. */
  public static final CallFormat BARE =
      new CallFormat(
          "{\"name\": \"", "", "{\"name\": \"", "\", \"parameters\": ", "}", "", "", false);

  /** What stands before a name, of every format. */
  public static final String NAME = "{\"name\": \"";

  /** The format of the model that came with this chat template. */
  public static CallFormat of(String template) {
    if (template.contains("<tool_call>")) {
      return TAGS;
    }
    if (template.contains("[TOOL_CALLS]")) {
      return LIST;
    }
    return template.contains("<|python_tag|>") || template.contains("\"parameters\": dictionary")
        ? BARE
        : TAGS;
  }
}
