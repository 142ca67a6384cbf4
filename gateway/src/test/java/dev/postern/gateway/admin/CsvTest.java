package dev.postern.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CsvTest {
  @Test
  void leavesPlainCellsAsTheyAre() {
    assertThat(Csv.row("a", 1, -2L, 0.5, true, null)).isEqualTo("a,1,-2,0.5,true,\r\n");
  }

  @Test
  void quotesWhatWouldEndACell() {
    assertThat(Csv.row("a,b", "say \"hi\"", "two\nlines"))
        .isEqualTo("\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"=1+1", "+1", "-1", "@sum", "\tx"})
  void keepsSpreadsheetsFromRunningText(String text) {
    assertThat(Csv.row(text)).isEqualTo("'" + text + "\r\n");
  }
}
