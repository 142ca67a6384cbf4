package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerFileUpload;
import io.vertx.core.http.HttpServerRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A {@code multipart/form-data} body: small fields, and files that went to disk as they came. */
public final class UploadedForm {
  private final Map<String, String> fields;
  private final Map<String, Path> files;

  private UploadedForm(Map<String, String> fields, Map<String, Path> files) {
    this.fields = Map.copyOf(fields);
    this.files = Map.copyOf(files);
  }

  /**
   * What a form may hold.
   *
   * @param fields names of its fields
   * @param files names of its files, each of which it must hold
   * @param limit of the whole body in bytes
   * @param patience until it is here
   */
  public record Shape(Set<String> fields, Set<String> files, long limit, Duration patience) {}

  public @Nullable String field(String name) {
    return fields.get(name);
  }

  public String required(String name) {
    var value = fields.get(name);
    if (value == null || value.isBlank()) {
      throw missing(name);
    }
    return value;
  }

  public Path file(String name) {
    var file = files.get(name);
    if (file == null) {
      throw missing(name);
    }
    return file;
  }

  private static BadRequest missing(String name) {
    return new BadRequest(
        "Missing required parameter: '%s'.".formatted(name), name, "missing_required_parameter");
  }

  /**
   * Reads a body that is paused.
   *
   * @param folder for its files
   */
  static Future<UploadedForm> read(
      Vertx vertx, HttpServerRequest request, Path folder, Shape shape) {
    if (RequestBody.announcedLength(request) > shape.limit()) {
      return Future.failedFuture(new WireException(new WireFailure.BodyTooLarge(shape.limit())));
    }
    try {
      request.setExpectMultipart(true);
    } catch (IllegalStateException e) {
      return Future.failedFuture(
          new BadRequest("The body must be multipart/form-data.", null, "invalid_type"));
    }
    return new Reading(request, folder, shape).read(vertx);
  }

  private static final class Reading {
    private final HttpServerRequest request;
    private final Path folder;
    private final Shape shape;
    private final Promise<UploadedForm> whole = Promise.promise();
    private final Map<String, Path> files = new HashMap<>();
    private final List<Future<?>> written = new ArrayList<>();
    private long received;

    Reading(HttpServerRequest request, Path folder, Shape shape) {
      this.request = request;
      this.folder = folder;
      this.shape = shape;
    }

    Future<UploadedForm> read(Vertx vertx) {
      var timer =
          vertx.setTimer(
              shape.patience().toMillis(),
              id -> refuse(new WireException(new WireFailure.BodyTooSlow(shape.patience()))));
      request.uploadHandler(this::begin);
      request.handler(part -> {
        received += part.length();
        if (received > shape.limit()) {
          refuse(new WireException(new WireFailure.BodyTooLarge(shape.limit())));
        }
      });
      request.exceptionHandler(whole::tryFail);
      request.endHandler(end -> end());
      if (RequestBody.waitsForContinue(request)) {
        request.response().writeContinue();
      }
      request.resume();
      return whole.future().onComplete(done -> vertx.cancelTimer(timer));
    }

    private void begin(HttpServerFileUpload upload) {
      var name = upload.name();
      if (!shape.files().contains(name) || files.containsKey(name)) {
        upload.handler(part -> {});
        refuse(unknown(name));
        return;
      }
      var file = folder.resolve(name);
      files.put(name, file);
      written.add(upload.streamToFileSystem(file.toString()));
    }

    private void end() {
      Future.all(written)
          .onSuccess(all -> {
            var fields = new HashMap<String, String>();
            for (var field : request.formAttributes()) {
              if (!shape.fields().contains(field.getKey())) {
                refuse(unknown(field.getKey()));
              }
              fields.put(field.getKey(), field.getValue());
            }
            whole.tryComplete(new UploadedForm(fields, files));
          })
          .onFailure(whole::tryFail);
    }

    private static BadRequest unknown(String name) {
      return new BadRequest(
          "Unknown parameter, or one that is given twice: '%s'.".formatted(name),
          name,
          "unknown_parameter");
    }

    private void refuse(RuntimeException failure) {
      if (whole.tryFail(failure) && !request.isEnded()) {
        request.pause();
      }
    }
  }
}
