package dev.postern.runners.engine;

/** Text to token ids and back. Thread-safe. */
public interface Tokenizer {

  /**
   * @param special whether control tokens such as {@code <|im_start|>} in the text are read as
   *     tokens; such a text is a whole prompt and gets the token that begins one, where the model
   *     wants that and it is not there yet
   */
  int[] encode(String text, boolean special);

  /**
   * The bytes a token stands for; several tokens may make up one UTF-8 character. Control tokens
   * give no bytes.
   */
  byte[] bytes(int id);

  /** The token as the vocabulary writes it, for logprobs. */
  String piece(int id);

  int vocabularySize();

  /** True for tokens that end an answer. */
  boolean endsGeneration(int id);
}
