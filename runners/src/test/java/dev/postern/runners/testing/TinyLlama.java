package dev.postern.runners.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A Llama of two small layers with random weights, as a GGUF: it answers nonsense, but by the whole
 * machinery, in milliseconds and without a download.
 */
public final class TinyLlama {
  public static final int CONTEXT = 256;
  public static final int LAYERS = 2;
  public static final int WIDTH = 64;
  public static final String TEMPLATE =
      "{% for message in messages %}<|im_start|>{{ message.role }}\n"
          + "{{ message.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n";

  private static final int HEADS = 4;
  private static final int KEY_VALUE_HEADS = 2;
  private static final int HEAD_WIDTH = 16;
  private static final int FEED_FORWARD = 96;
  private static final List<String> CONTROL =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");

  private TinyLlama() {}

  /** The tokens: three control tokens, one for each byte, and three merged ones. */
  public static List<String> vocabulary() {
    List<String> pieces = new ArrayList<>(CONTROL);
    int next = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xac || value >= 0xae;
      pieces.add(String.valueOf((char) (printable ? value : next++)));
    }
    pieces.addAll(List.of("he", "ll", "hell"));
    return pieces;
  }

  /** How the matrices are stored. */
  public enum Weights {
    FLOATS,
    /** Signed bytes with a scale for each 32: Q8_0. */
    EIGHT_BIT
  }

  /** The whole file, with weights as floats. */
  public static byte[] gguf(long seed) {
    return gguf(seed, Weights.FLOATS);
  }

  public static byte[] gguf(long seed, Weights weights) {
    return describe(new GgufWriter(), "llama", "gpt-2", seed, weights).bytes();
  }

  /** Fills a writer, so that tests can add what should not be there. */
  public static GgufWriter describe(
      GgufWriter file, String architecture, String preTokenizer, long seed) {
    return describe(file, architecture, preTokenizer, seed, Weights.FLOATS);
  }

  private static GgufWriter describe(
      GgufWriter file, String architecture, String preTokenizer, long seed, Weights weights) {
    int[] kinds =
        vocabulary().stream().mapToInt(piece -> CONTROL.contains(piece) ? 3 : 1).toArray();
    file.text("general.architecture", architecture)
        .text("general.name", "Tiny Llama")
        .text("general.license", "apache-2.0")
        .whole("llama.block_count", LAYERS)
        .whole("llama.context_length", CONTEXT)
        .whole("llama.embedding_length", WIDTH)
        .whole("llama.feed_forward_length", FEED_FORWARD)
        .whole("llama.attention.head_count", HEADS)
        .whole("llama.attention.head_count_kv", KEY_VALUE_HEADS)
        .real("llama.attention.layer_norm_rms_epsilon", 1e-5f)
        .real("llama.rope.freq_base", 10_000)
        .text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", preTokenizer)
        .texts("tokenizer.ggml.tokens", vocabulary())
        .wholes("tokenizer.ggml.token_type", kinds)
        .texts("tokenizer.ggml.merges", List.of("h e", "l l", "he ll"))
        .whole("tokenizer.ggml.eos_token_id", 2)
        .text("tokenizer.chat_template", TEMPLATE);
    Random random = new Random(seed);
    matrix(file, weights, random, "token_embd", vocabulary().size(), WIDTH);
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "blk." + layer + ".";
      vector(file, random, block + "attn_norm");
      matrix(file, weights, random, block + "attn_q", HEADS * HEAD_WIDTH, WIDTH);
      matrix(file, weights, random, block + "attn_k", KEY_VALUE_HEADS * HEAD_WIDTH, WIDTH);
      matrix(file, weights, random, block + "attn_v", KEY_VALUE_HEADS * HEAD_WIDTH, WIDTH);
      matrix(file, weights, random, block + "attn_output", WIDTH, HEADS * HEAD_WIDTH);
      vector(file, random, block + "ffn_norm");
      matrix(file, weights, random, block + "ffn_gate", FEED_FORWARD, WIDTH);
      matrix(file, weights, random, block + "ffn_up", FEED_FORWARD, WIDTH);
      matrix(file, weights, random, block + "ffn_down", WIDTH, FEED_FORWARD);
    }
    vector(file, random, "output_norm");
    return file;
  }

  private static void matrix(
      GgufWriter file, Weights weights, Random random, String name, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * 0.3);
    }
    switch (weights) {
      case FLOATS -> file.tensor(name + ".weight", 0, GgufWriter.floats(values), columns, rows);
      case EIGHT_BIT -> file.tensor(name + ".weight", 8, eightBit(values), columns, rows);
    }
  }

  private static byte[] eightBit(float[] values) {
    var blocks = ByteBuffer.allocate(values.length / 32 * 34).order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += 32) {
      float largest = 0;
      for (int i = from; i < from + 32; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      float scale = largest / 127;
      blocks.putShort(Float.floatToFloat16(scale));
      for (int i = from; i < from + 32; i++) {
        blocks.put((byte) Math.round(values[i] / scale));
      }
    }
    return blocks.array();
  }

  private static void vector(GgufWriter file, Random random, String name) {
    float[] values = new float[WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (1 + random.nextGaussian() * 0.1);
    }
    file.tensor(name + ".weight", 0, GgufWriter.floats(values), WIDTH);
  }
}
