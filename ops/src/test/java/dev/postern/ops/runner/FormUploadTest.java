package dev.postern.ops.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FormUploadTest {
  @TempDir private Path folder;

  @Test
  void writesAsManyBytesAsItSaysInTheShapeThatServersRead() throws Exception {
    var file = Files.writeString(folder.resolve("weights.bin"), "né\r\n--");
    var form = new FormUpload(Map.of("name", "support"), Map.of("weights", file), "b");
    var out = new ByteArrayOutputStream();
    form.write(out);
    assertThat(form.length()).isEqualTo(out.size());
    assertThat(form.contentType()).isEqualTo("multipart/form-data; boundary=b");
    assertThat(out.toString(UTF_8))
        .isEqualTo(
            "--b\r\n"
                + "Content-Disposition: form-data; name=\"name\"\r\n\r\n"
                + "support\r\n"
                + "--b\r\n"
                + "Content-Disposition: form-data; name=\"weights\"; filename=\"weights.bin\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n"
                + "né\r\n"
                + "--\r\n"
                + "--b--\r\n");
  }
}
