package dev.postern.tenancy.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {
  @TempDir Path folder;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> texts(Spool spool) throws IOException {
    return spool.read(0, 100).payloads().stream()
        .map(payload -> new String(payload, StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void keepsEntriesInOrderOverARestart() throws IOException {
    try (var spool = Spool.open(folder)) {
      spool.append(List.of(bytes("one"), bytes("two")));
      spool.append(List.of(bytes("three")));
    }
    try (var spool = Spool.open(folder)) {
      assertThat(texts(spool)).containsExactly("one", "two", "three");
    }
  }

  @Test
  void readsOnFromWhereAPartEnded() throws IOException {
    try (var spool = Spool.open(folder)) {
      spool.append(List.of(bytes("one"), bytes("two"), bytes("three")));

      var first = spool.read(0, 2);
      var second = spool.read(first.next(), 2);

      assertThat(first.payloads()).hasSize(2);
      assertThat(second.payloads()).containsExactly(bytes("three"));
      assertThat(second.next()).isEqualTo(spool.end());
    }
  }

  @Test
  void survivesACutAtEveryByteOfTheLastEntry() throws IOException {
    try (var spool = Spool.open(folder)) {
      spool.append(List.of(bytes("whole"), bytes("torn by a crash")));
    }
    byte[] all = Files.readAllBytes(folder.resolve("entries"));
    int wholeEnds = 8 + "whole".length();

    for (int length = wholeEnds; length < all.length; length++) {
      Files.write(folder.resolve("entries"), Arrays.copyOf(all, length));
      try (var spool = Spool.open(folder)) {
        assertThat(texts(spool)).as("cut to %d bytes", length).containsExactly("whole");
        spool.append(List.of(bytes("later")));
        assertThat(texts(spool)).containsExactly("whole", "later");
      }
    }
  }

  @Test
  void aChangedByteEndsWhatIsRead() throws IOException {
    try (var spool = Spool.open(folder)) {
      spool.append(List.of(bytes("whole"), bytes("changed")));
    }
    byte[] all = Files.readAllBytes(folder.resolve("entries"));
    all[all.length - 1] ^= 1;
    Files.write(folder.resolve("entries"), all);

    try (var spool = Spool.open(folder)) {
      assertThat(texts(spool)).containsExactly("whole");
    }
    assertThat(folder.resolve("torn")).exists();
  }

  @Test
  void isEmptyAfterItWasCleared() throws IOException {
    try (var spool = Spool.open(folder)) {
      spool.append(List.of(bytes("one")));
      spool.clear();
      assertThat(spool.isEmpty()).isTrue();
    }
    try (var spool = Spool.open(folder)) {
      assertThat(spool.isEmpty()).isTrue();
    }
  }

  @Test
  void keepsItsNameAsAHolderOfLeases() throws IOException {
    UUID holder;
    try (var spool = Spool.open(folder)) {
      holder = spool.holder();
    }
    try (var spool = Spool.open(folder)) {
      assertThat(spool.holder()).isEqualTo(holder);
    }
  }

  @Test
  void refusesASecondOwner() throws IOException {
    try (var spool = Spool.open(folder)) {
      assertThat(spool.isEmpty()).isTrue();
      assertThatThrownBy(() -> Spool.open(folder)).isInstanceOf(IOException.class);
    }
  }
}
