package dev.postern.runners.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that the native library would panic on, which would end this very process. */
class HostileTokenizerIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path RESOURCES = Path.of("src/test/resources/tokenizers");
  private static final int ROUNDS = 300;

  private static final List<String> TEXTS =
      List.of("", "Hello, wörld 123  \n ½ ﬁ 👍🏽 각 \u0000", "<s> a </s> [CLS] <|im_start|> [UNK]");

  private static final List<String> ODD =
      List.of(
          "null",
          "true",
          "-1",
          "0",
          "1e30",
          "1.5",
          "99999999999",
          "\"\"",
          "[]",
          "{}",
          "[null]",
          "[\"a\",1]",
          "\"Sequence\"",
          "\"A\"",
          "\"B\"",
          "\"BPE\"",
          "\"Unigram\"",
          "\"WordPiece\"",
          "\"ByteLevel\"",
          "\"Metaspace\"",
          "\"Split\"",
          "\"Strip\"",
          "2147483647",
          "4294967295",
          "\"AAAAAAAA\"",
          "\"Isolated\"",
          "\"(\"",
          "\"[CLS]\"",
          "\"first\"");

  @TempDir Path folder;

  private ObjectNode wordPiece;
  private ObjectNode unigram;
  private ObjectNode bpe;

  @BeforeEach
  void readSeeds() throws IOException {
    wordPiece = (ObjectNode) JSON.readTree(RESOURCES.resolve("wordpiece.json").toFile());
    unigram = converted("unigram.model");
    bpe = converted("bpe.model");
  }

  private ObjectNode converted(String model) throws IOException {
    Path file = folder.resolve("converted.json");
    TokenizerJson.write(SentencePieceModel.read(RESOURCES.resolve(model)), file);
    return (ObjectNode) JSON.readTree(file.toFile());
  }

  @Test
  void eitherRefusesAFileOrWorksWithIt() throws IOException {
    var random = new Random(20261124);
    int worked = 0;
    for (int round = 0; round < ROUNDS; round++) {
      var tree = List.of(wordPiece, unigram, bpe).get(random.nextInt(3)).deepCopy();
      for (int i = random.nextInt(2); i >= 0; i--) {
        mutate(tree, random);
      }
      try {
        use(write(tree));
        worked++;
      } catch (UnsoundTokenizerException refusal) {
        assertThat(refusal).hasMessageStartingWith("The tokenizer is not usable: ");
      }
    }
    assertThat(worked).isBetween(ROUNDS / 20, ROUNDS - 1);
  }

  private static void use(Path file) throws IOException {
    try (var framing = NativeTokenizer.framing(TokenizerFile.read(file));
        var tokenizer = ModelTokenizer.open(file, Optional.empty(), Set.of())) {
      for (var text : TEXTS) {
        try {
          framing.encode(text);
          framing.encode(text, TEXTS.get(1));
          tokenizer.encode(text, false);
          for (int id : tokenizer.encode(text, true)) {
            tokenizer.bytes(id);
          }
        } catch (RuntimeException unknownToken) {
          assertThat(unknownToken).hasMessageContaining("unk");
        }
      }
    }
  }

  private static void mutate(JsonNode tree, Random random) throws IOException {
    var containers = new ArrayList<JsonNode>();
    collect(tree, containers);
    var target = containers.get(random.nextInt(containers.size()));
    JsonNode value =
        random.nextInt(3) == 0
            ? containers.get(random.nextInt(containers.size())).deepCopy()
            : JSON.readTree(ODD.get(random.nextInt(ODD.size())));
    if (target instanceof ObjectNode object && !object.isEmpty()) {
      var names = new ArrayList<String>();
      object.fieldNames().forEachRemaining(names::add);
      var name = names.get(random.nextInt(names.size()));
      if (random.nextInt(5) == 0) {
        object.remove(name);
      } else {
        object.set(name, value);
      }
    } else if (target instanceof ArrayNode array && !array.isEmpty()) {
      int index = random.nextInt(array.size());
      if (random.nextInt(4) == 0) {
        array.remove(index);
      } else {
        array.set(index, value);
      }
    }
  }

  /** All objects and lists, of the entries of long ones only the first. */
  private static void collect(JsonNode node, List<JsonNode> containers) {
    if (node.isContainerNode()) {
      containers.add(node);
      int visited = 0;
      for (var child : node) {
        if (visited++ < 20) {
          collect(child, containers);
        }
      }
    }
  }

  @Test
  void refusesATemplateThatNamesWhatItDoesNotHave() {
    var noTokens = wordPiece.deepCopy();
    ((ObjectNode) noTokens.path("post_processor")).putObject("special_tokens");
    refuses(noTokens, "template names a token");
    var noText = wordPiece.deepCopy();
    ((ObjectNode) noText.at("/post_processor/single/1/Sequence")).put("id", "B");
    refuses(noText, "template names a text");
  }

  @Test
  void refusesACharacterMapThatLeadsOutOfItself() {
    refuses(withMap(map -> map.putInt(4, 0x1fffff << 10)), "leads out of itself");
    refuses(withMap(map -> map.putInt(0, 1 << 20)), "cut short");
    refuses(withMap(map -> map.putInt(0, 7)), "cut short");
  }

  private ObjectNode withMap(Consumer<ByteBuffer> change) {
    var tree = unigram.deepCopy();
    var normalizer = (ObjectNode) tree.at("/normalizer/normalizers/0");
    byte[] map = Base64.getDecoder().decode(normalizer.path("precompiled_charsmap").textValue());
    change.accept(ByteBuffer.wrap(map).order(ByteOrder.LITTLE_ENDIAN));
    normalizer.put("precompiled_charsmap", map);
    return tree;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"(a+)+b", "(a|a)*b", "(x{1,}y?){9}z", "(.)\\1", "(?:\\s+b?)+$", "[)](a)+"})
  void refusesPatternsThatTakeTimeWithoutEnd(String pattern) {
    var tree = wordPiece.deepCopy();
    tree.putObject("pre_tokenizer")
        .put("type", "Split")
        .put("behavior", "Isolated")
        .put("invert", false)
        .putObject("pattern")
        .put("Regex", pattern);
    refuses(tree, "time without end");
  }

  @Test
  void refusesImpossibleVocabularies() throws IOException {
    var far = wordPiece.deepCopy();
    ((ObjectNode) far.at("/model/vocab")).put("far", 2_000_000_000);
    refuses(far, "has the id");
    var twice = wordPiece.deepCopy();
    ((ObjectNode) twice.at("/model/vocab")).put("twin", 7);
    refuses(twice, "two pieces");
    var nothing = wordPiece.deepCopy();
    nothing.remove("model");
    refuses(nothing, "no vocabulary");
    var deep = folder.resolve("deep.json");
    Files.writeString(deep, "{\"added_tokens\":" + "[".repeat(5000));
    assertThatThrownBy(() -> TokenizerFile.read(deep))
        .isInstanceOf(UnsoundTokenizerException.class);
  }

  @Test
  void eitherRefusesASentencePieceModelOrReadsIt() throws IOException {
    var random = new Random(7);
    byte[] sound = Files.readAllBytes(RESOURCES.resolve("unigram.model"));
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      byte[] bytes = sound.clone();
      for (int i = random.nextInt(6); i >= 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Path file = folder.resolve("mutated.model");
      Files.write(file, random.nextInt(8) == 0 ? Arrays.copyOf(bytes, 99) : bytes);
      try {
        Path target = folder.resolve("mutated.json");
        TokenizerJson.write(SentencePieceModel.read(file), target);
        TokenizerFile.read(target);
      } catch (UnsoundTokenizerException refusal) {
        refused++;
      }
    }
    assertThat(refused).isBetween(40, 399);
  }

  private void refuses(JsonNode tree, String because) {
    assertThatThrownBy(() -> TokenizerFile.read(write(tree)))
        .isInstanceOf(UnsoundTokenizerException.class)
        .hasMessageContaining(because);
  }

  private Path write(JsonNode tree) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.write(file, JSON.writeValueAsBytes(tree));
    return file;
  }
}
