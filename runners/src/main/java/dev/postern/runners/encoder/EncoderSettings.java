package dev.postern.runners.encoder;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * How an encoder is fed and its numbers are read.
 *
 * @param maxTokens most tokens of one input, its framing included
 * @param pooling of token states, where the graph gives those
 * @param labels by logit; empty for embeddings
 * @param independent whether several labels may be right at once
 */
public record EncoderSettings(
    EncoderRole role, int maxTokens, Pooling pooling, List<String> labels, boolean independent) {

  public static final String CONFIG = "config.json";
  public static final String POOLING = "1_Pooling/config.json";
  public static final String SENTENCES = "sentence_bert_config.json";

  private static final int BERT_POSITIONS = 512;

  /** Attention keeps its scores whole: those of twelve heads take 200 MB at this length. */
  private static final int MAX_TOKENS = 2048;

  private static final int MAX_LABELS = 10_000;
  private static final int MAX_LABEL = 256;
  private static final long MAX_FILE = 8 << 20;

  /** Families whose first position comes after that of padding. */
  private static final Set<String> OFFSET_POSITIONS =
      Set.of("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet");

  private static final ObjectMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(32)
                          .maxTokenCount(200_000)
                          .build())
                  .build())
          .build();

  public EncoderSettings {
    labels = List.copyOf(labels);
  }

  /**
   * Reads what Hugging Face keeps beside a model: {@code config.json} and, for sentence
   * transformers, {@code 1_Pooling/config.json} and {@code sentence_bert_config.json}. Where there
   * is none of them the encoder is a BERT whose mean is the vector.
   */
  public static EncoderSettings read(Path folder) throws IOException {
    var config = json(folder.resolve(CONFIG));
    var labels = labels(config);
    return new EncoderSettings(
        switch (labels.size()) {
          case 0 -> EncoderRole.EMBEDDING;
          case 1 -> EncoderRole.RERANKER;
          default -> EncoderRole.CLASSIFIER;
        },
        maxTokens(config, json(folder.resolve(SENTENCES))),
        pooling(json(folder.resolve(POOLING))),
        labels,
        config.path("problem_type").asText().equals("multi_label_classification"));
  }

  private static JsonNode json(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return JSON.createObjectNode();
    }
    if (Files.size(file) > MAX_FILE) {
      throw new IOException(file.getFileName() + " is larger than any configuration");
    }
    JsonNode tree;
    try {
      tree = JSON.readTree(Files.readAllBytes(file));
    } catch (JsonProcessingException unsound) {
      throw new IOException(file.getFileName() + " is not sound JSON");
    }
    if (!tree.isObject()) {
      throw new IOException(file.getFileName() + " is not a JSON object");
    }
    return tree;
  }

  private static List<String> labels(JsonNode config) throws IOException {
    boolean classifies = false;
    for (var architecture : config.path("architectures")) {
      classifies |= architecture.asText().endsWith("ForSequenceClassification");
    }
    if (!classifies) {
      return List.of();
    }
    var names = config.path("id2label");
    // Two is what Hugging Face's configurations leave out.
    int count = names.isObject() ? names.size() : config.path("num_labels").asInt(2);
    if (count < 1 || count > MAX_LABELS) {
      throw new IOException("its configuration has %d labels".formatted(count));
    }
    var labels = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      var label = names.path(Integer.toString(i)).asText("LABEL_" + i);
      if (label.length() > MAX_LABEL) {
        throw new IOException("the label %d has %d characters".formatted(i, label.length()));
      }
      labels.add(label);
    }
    return labels;
  }

  private static int maxTokens(JsonNode config, JsonNode sentences) throws IOException {
    int positions = config.path("max_position_embeddings").asInt(BERT_POSITIONS);
    if (OFFSET_POSITIONS.contains(config.path("model_type").asText())) {
      positions -= config.path("pad_token_id").asInt(1) + 1;
    }
    int tokens = Math.min(positions, sentences.path("max_seq_length").asInt(positions));
    if (tokens < 3) {
      throw new IOException("its configuration has %d positions".formatted(tokens));
    }
    return Math.min(tokens, MAX_TOKENS);
  }

  private static Pooling pooling(JsonNode config) throws IOException {
    if (config.path("pooling_mode_cls_token").asBoolean()) {
      return Pooling.FIRST;
    }
    if (config.isEmpty() || config.path("pooling_mode_mean_tokens").asBoolean()) {
      return Pooling.MEAN;
    }
    throw new IOException(POOLING + " asks for a pooling other than the mean and the first token");
  }

  /** Checks the numbers that the graph gives. */
  void requireWidth(int width) throws IOException {
    if (!labels.isEmpty() && labels.size() != width) {
      throw new IOException(
          "the graph gives %d numbers for %d labels".formatted(width, labels.size()));
    }
  }
}
