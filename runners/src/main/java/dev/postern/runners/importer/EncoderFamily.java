package dev.postern.runners.importer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An encoder family: what its files call things. Weights are named as the graph wants them, {@code
 * N} being a layer from 0 on; each stands for a {@code .weight} and, where the file has it, a
 * {@code .bias}:
 *
 * <pre>
 * words                  vocabulary × width
 * positions              positions × width; absent where attention rotates
 * types                  segments × width; optional
 * embed_norm             width
 * layer.N.q .k .v        width × width, or all in one: layer.N.qkv
 * layer.N.o              width × width
 * layer.N.attention_norm .feed_forward_norm    width
 * layer.N.up             feed-forward width × width; the gate below it where there is one
 * layer.N.down           width × feed-forward width
 * output_norm            width; optional
 * head.dense             width × width
 * head.norm              width; optional
 * head.out               labels × width
 * </pre>
 */
enum EncoderFamily {
  BERT(
      List.of("bert"),
      "bert.",
      "encoder.layer.*.",
      """
      words embeddings.word_embeddings
      positions embeddings.position_embeddings
      types embeddings.token_type_embeddings
      embed_norm embeddings.LayerNorm
      q attention.self.query
      k attention.self.key
      v attention.self.value
      o attention.output.dense
      attention_norm attention.output.LayerNorm
      up intermediate.dense
      down output.dense
      feed_forward_norm output.LayerNorm
      head.dense pooler.dense
      head.out classifier
      """),
  ROBERTA(
      List.of("roberta", "xlm-roberta", "camembert"),
      "roberta.",
      "encoder.layer.*.",
      BERT.table
          .replace("head.dense pooler.dense", "head.dense classifier.dense")
          .replace("head.out classifier", "head.out classifier.out_proj")),
  DISTILBERT(
      List.of("distilbert"),
      "distilbert.",
      "transformer.layer.*.",
      """
      words embeddings.word_embeddings
      positions embeddings.position_embeddings
      embed_norm embeddings.LayerNorm
      q attention.q_lin
      k attention.k_lin
      v attention.v_lin
      o attention.out_lin
      attention_norm sa_layer_norm
      up ffn.lin1
      down ffn.lin2
      feed_forward_norm output_layer_norm
      head.dense pre_classifier
      head.out classifier
      """),
  MODERNBERT(
      List.of("modernbert"),
      "model.",
      "layers.*.",
      """
      words embeddings.tok_embeddings
      embed_norm embeddings.norm
      qkv attn.Wqkv
      o attn.Wo
      attention_norm attn_norm
      up mlp.Wi
      down mlp.Wo
      feed_forward_norm mlp_norm
      output_norm final_norm
      head.dense head.dense
      head.norm head.norm
      head.out classifier
      """);

  private final List<String> types;
  private final String prefix;
  private final String layer;
  private final String table;
  private final Map<String, String> names = new HashMap<>();

  EncoderFamily(List<String> types, String prefix, String layer, String table) {
    this.types = types;
    this.prefix = prefix;
    this.layer = layer;
    this.table = table;
    table.lines().map(line -> line.split(" ", 2)).forEach(entry -> names.put(entry[0], entry[1]));
  }

  static Optional<EncoderFamily> ofModelType(String type) {
    return Arrays.stream(values()).filter(family -> family.types.contains(type)).findFirst();
  }

  /** What the file puts before the names of all weights but a head's, if it puts something. */
  String prefix() {
    return prefix;
  }

  /** Whether norms come before what they feed, positions rotate and the feed-forward is gated. */
  boolean modern() {
    return this == MODERNBERT;
  }

  /** The file's name of a weight, without the prefix and ending; empty when there is none such. */
  String name(String weight) {
    if (!weight.startsWith("layer.")) {
      return names.getOrDefault(weight, "");
    }
    int number = weight.indexOf('.', 6);
    String own = names.get(weight.substring(number + 1));
    return own == null ? "" : layer.replace("*", weight.substring(6, number)) + own;
  }
}
