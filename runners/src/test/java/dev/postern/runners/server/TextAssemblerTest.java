package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TextAssemblerTest {

  @Test
  void cutsBeforeTheStopThatIsCompleteFirst() {
    assertThat(assemble("one two three", List.of("three", "two"))).isEqualTo("one ");
    assertThat(assemble("abcd", List.of("abcd", "bc"))).isEqualTo("a");
    assertThat(assemble("abcd", List.of("c", "abc"))).isEqualTo("");
    assertThat(assemble("aab", List.of("ab"))).isEqualTo("a");
  }

  @Test
  void keepsAStopThatDoesNotCome() {
    assertThat(assemble("one tw", List.of("two"))).isEqualTo("one tw");
  }

  @Test
  void givesTheSameTextForEverySplitIntoTwoOrThree() {
    var stops = List.of("STOP", "né\n", "🎉🎊");
    for (var text :
        List.of("Grüße STO STOP weg", "a né é né\nb", "🎉🎉🎊 x", "日本語 STO", "", "🎉")) {
      var bytes = text.getBytes(StandardCharsets.UTF_8);
      var whole = assemble(text, stops);
      for (int i = 0; i <= bytes.length; i++) {
        for (int j = i; j <= bytes.length; j++) {
          var pieces =
              List.of(
                  Arrays.copyOfRange(bytes, 0, i),
                  Arrays.copyOfRange(bytes, i, j),
                  Arrays.copyOfRange(bytes, j, bytes.length));
          assertThat(String.join("", deltas(pieces, stops))).isEqualTo(whole);
        }
      }
    }
  }

  @Test
  void neverSendsHalfACharacterNorTheBeginningOfAStop() {
    var random = new Random(7);
    var alphabet = List.of("a", "b", "ab", "é", "🎉", "\n", "東");
    for (int round = 0; round < 3000; round++) {
      var text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        text.append(alphabet.get(random.nextInt(alphabet.size())));
      }
      var stops = new ArrayList<String>();
      for (int i = random.nextInt(4); i > 0; i--) {
        stops.add(
            alphabet.get(random.nextInt(alphabet.size()))
                + alphabet.get(random.nextInt(alphabet.size())));
      }
      var bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      var pieces = new ArrayList<byte[]>();
      for (int at = 0; at < bytes.length; ) {
        int next = Math.min(bytes.length, at + 1 + random.nextInt(4));
        pieces.add(Arrays.copyOfRange(bytes, at, next));
        at = next;
      }
      var deltas = deltas(pieces, stops);
      var expected = assemble(text.toString(), stops);
      var sent = new StringBuilder();
      for (var delta : deltas) {
        sent.append(delta);
        assertThat(expected).as("what was sent is never taken back").startsWith(sent.toString());
        assertThat(delta).doesNotContain("\ufffd");
        assertThat(delta.isEmpty() || !Character.isLowSurrogate(delta.charAt(0))).isTrue();
      }
      assertThat(sent.toString()).isEqualTo(expected);
      assertThat(expected).isEqualTo(firstCompleteStop(text.toString(), stops));
    }
  }

  @Test
  void replacesBytesThatAreNoText() {
    var pieces =
        List.of(
            new byte[] {'a', (byte) 0xe2}, new byte[] {'b'}, new byte[] {(byte) 0xf0, (byte) 0x9f});
    assertThat(String.join("", deltas(pieces, List.of()))).isEqualTo("a\ufffdb\ufffd");
  }

  @Test
  void countsTheBytesBehindWhatWasSent() {
    var assembler = new TextAssembler(List.of("éx"));
    assembler.append("aé".getBytes(StandardCharsets.UTF_8));
    assertThat(assembler.sentBytes()).isEqualTo(1);
    assembler.append(new byte[] {(byte) 0xc3});
    assertThat(assembler.sentBytes()).as("half a character may still make the stop").isEqualTo(1);
    assembler.append(new byte[] {(byte) 0xa9, 'x', 'y'});
    assertThat(assembler.stopped()).isTrue();
    assertThat(assembler.sentBytes()).isEqualTo(3);
  }

  /** The definition, one character at a time. */
  private static String firstCompleteStop(String text, List<String> stops) {
    for (int end = 0; end <= text.length(); end++) {
      var seen = text.substring(0, end);
      var start =
          stops.stream()
              .filter(seen::endsWith)
              .mapToInt(stop -> seen.length() - stop.length())
              .min();
      if (start.isPresent()) {
        return text.substring(0, start.getAsInt());
      }
    }
    return text;
  }

  private static String assemble(String text, List<String> stops) {
    return String.join("", deltas(List.of(text.getBytes(StandardCharsets.UTF_8)), stops));
  }

  private static List<String> deltas(List<byte[]> pieces, List<String> stops) {
    var assembler = new TextAssembler(stops);
    var deltas = new ArrayList<String>();
    pieces.forEach(piece -> deltas.add(assembler.append(piece)));
    deltas.add(assembler.finish());
    return deltas;
  }
}
