package dev.postern.ops.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/**
 * A {@code multipart/form-data} body that is sent as its files are read.
 *
 * @param fields names and values, without quotes or line ends in them
 */
public record FormUpload(Map<String, String> fields, Map<String, Path> files, String boundary) {

  public FormUpload(Map<String, String> fields, Map<String, Path> files) {
    this(fields, files, UUID.randomUUID().toString());
  }

  String contentType() {
    return "multipart/form-data; boundary=" + boundary;
  }

  long length() throws IOException {
    long length = end().length;
    for (var field : fields.entrySet()) {
      length += field(field.getKey(), field.getValue()).length;
    }
    for (var file : files.entrySet()) {
      length += head(file.getKey(), file.getValue()).length + Files.size(file.getValue()) + 2;
    }
    return length;
  }

  void write(OutputStream out) throws IOException {
    for (var field : fields.entrySet()) {
      out.write(field(field.getKey(), field.getValue()));
    }
    for (var file : files.entrySet()) {
      out.write(head(file.getKey(), file.getValue()));
      Files.copy(file.getValue(), out);
      out.write("\r\n".getBytes(UTF_8));
    }
    out.write(end());
  }

  private byte[] field(String name, String value) {
    return """
    --%s\r
    Content-Disposition: form-data; name="%s"\r
    \r
    %s\r
    """
        .formatted(boundary, name, value)
        .getBytes(UTF_8);
  }

  private byte[] head(String name, Path file) {
    return """
    --%s\r
    Content-Disposition: form-data; name="%s"; filename="%s"\r
    Content-Type: application/octet-stream\r
    \r
    """
        .formatted(boundary, name, file.getFileName())
        .getBytes(UTF_8);
  }

  private byte[] end() {
    return "--%s--\r\n".formatted(boundary).getBytes(UTF_8);
  }
}
