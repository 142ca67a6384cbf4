package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes a tiny family's weights as its GGUF converter would: other names, other layouts. */
public final class TinyFamilyGguf {
  /** From the ends of Hugging Face's names to GGUF's, the first that fits. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("model.embed_tokens", "token_embd"),
          Map.entry("model.norm", "output_norm"),
          Map.entry("lm_head", "output"),
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.qkv_proj", "attn_qkv"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.gate_up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("pre_feedforward_layernorm", "ffn_norm"),
          Map.entry("post_feedforward_layernorm", "post_ffw_norm"));

  private final TinyFamily family;
  private final JsonNode config;
  private final String architecture;

  private TinyFamilyGguf(TinyFamily family, String architecture) {
    this.family = family;
    this.config = family.config();
    this.architecture = architecture;
  }

  /**
   * @param architecture as GGUF calls it
   */
  public static byte[] write(TinyFamily family, String architecture) {
    return new TinyFamilyGguf(family, architecture).bytes();
  }

  private byte[] bytes() {
    var file = new GgufWriter();
    file.text("general.architecture", architecture)
        .whole(key("block_count"), whole("num_hidden_layers"))
        .whole(key("context_length"), whole("max_position_embeddings"))
        .whole(key("embedding_length"), whole("hidden_size"))
        .whole(key("feed_forward_length"), whole("intermediate_size"))
        .whole(key("attention.head_count"), whole("num_attention_heads"))
        .whole(key("attention.head_count_kv"), whole("num_key_value_heads"))
        .whole(key("attention.key_length"), whole("head_dim"))
        .whole(key("attention.value_length"), whole("head_dim"))
        .real(key("attention.layer_norm_rms_epsilon"), config.get("rms_norm_eps").floatValue())
        .whole(key("vocab_size"), whole("vocab_size"));
    rope(file);
    if (config.hasNonNull("sliding_window")) {
      file.whole(key("attention.sliding_window"), whole("sliding_window"));
    }
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      if (config.hasNonNull(cap)) {
        file.real(key(cap), config.get(cap).floatValue());
      }
    }
    tokenizer(file);
    family.tensors().forEach((name, shape) -> tensor(file, name, shape));
    return file.bytes();
  }

  private void rope(GgufWriter file) {
    JsonNode rope = config.get("rope_parameters");
    JsonNode all = rope.has("full_attention") ? rope.get("full_attention") : rope;
    double part = all.path("partial_rotary_factor").asDouble(1);
    file.real(key("rope.freq_base"), all.get("rope_theta").floatValue())
        .whole(key("rope.dimension_count"), (int) (whole("head_dim") * part));
    String type = all.get("rope_type").asText();
    if (type.equals("linear") || type.equals("yarn")) {
      file.text(key("rope.scaling.type"), type)
          .real(key("rope.scaling.factor"), all.get("factor").floatValue());
    }
    if (type.equals("yarn")) {
      file.whole(
          key("rope.scaling.original_context_length"),
          all.get("original_max_position_embeddings").intValue());
    }
  }

  private void tokenizer(GgufWriter file) {
    List<String> pieces = new ArrayList<>(TinyLlama.vocabulary());
    while (pieces.size() < whole("vocab_size")) {
      pieces.add("unused " + pieces.size());
    }
    int[] kinds = new int[pieces.size()];
    for (int id = 0; id < kinds.length; id++) {
      kinds[id] = id < 3 ? 3 : 1;
    }
    file.text("tokenizer.ggml.model", "gpt2")
        .text("tokenizer.ggml.pre", "gpt-2")
        .texts("tokenizer.ggml.tokens", pieces)
        .wholes("tokenizer.ggml.token_type", kinds)
        .texts("tokenizer.ggml.merges", List.of("h e", "l l", "he ll"))
        .whole("tokenizer.ggml.eos_token_id", 2);
  }

  private void tensor(GgufWriter file, String name, long[] shape) {
    float[] values = family.weights(name);
    boolean gemma = architecture.startsWith("gemma");
    if (gemma && name.endsWith("norm.weight")) {
      for (int i = 0; i < values.length; i++) {
        values[i] += 1;
      }
    }
    boolean interleaved = architecture.equals("llama") || architecture.equals("smollm3");
    if (interleaved && (name.contains("q_proj") || name.contains("k_proj"))) {
      values = interleaved(values, (int) shape[0], (int) shape[1]);
    }
    if (shape.length == 1) {
      file.tensor(nameInGguf(name), 0, GgufWriter.floats(values), shape[0]);
    } else {
      file.tensor(nameInGguf(name), 0, GgufWriter.floats(values), shape[1], shape[0]);
    }
  }

  /** The two halves of each head row by row in turn. */
  private float[] interleaved(float[] values, int rows, int columns) {
    int width = whole("head_dim");
    float[] turned = new float[values.length];
    for (int row = 0; row < rows; row++) {
      int inHead = row % width;
      int target = row - inHead + (inHead < width / 2 ? 2 * inHead : 2 * inHead - width + 1);
      System.arraycopy(values, row * columns, turned, target * columns, columns);
    }
    return turned;
  }

  private String nameInGguf(String name) {
    int dot = name.lastIndexOf('.');
    String weight = name.substring(0, dot);
    String prefix = "";
    if (weight.startsWith("model.layers.")) {
      String[] parts = weight.split("\\.", 4);
      prefix = "blk." + parts[2] + ".";
      weight = parts[3];
    }
    String ours = NAMES.getOrDefault(weight, weight);
    // Where the norm is of attention's output and not of what follows.
    if (weight.equals("post_attention_layernorm")
        && family.tensors().containsKey("model.layers.0.pre_feedforward_layernorm.weight")) {
      ours = "post_attention_norm";
    }
    return prefix + ours + name.substring(dot);
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private int whole(String key) {
    return config.get(key).intValue();
  }
}
