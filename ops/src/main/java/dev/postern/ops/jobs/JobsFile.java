package dev.postern.ops.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.admin.ModelJob;
import dev.postern.ops.Home;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The jobs of a home on disk. The home belongs to one process, so nobody else writes it. */
record JobsFile(Path path) {
  private static final Logger log = LoggerFactory.getLogger(JobsFile.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Nothing where there is none, or one of another version. */
  List<ModelJob> read() throws IOException {
    if (!Files.exists(path)) {
      return List.of();
    }
    try {
      return List.of(JSON.readValue(path.toFile(), ModelJob[].class));
    } catch (JsonProcessingException e) {
      log.warn("{} cannot be read and is begun anew: {}", path, e.getOriginalMessage());
      return List.of();
    }
  }

  /** A full disk costs the memory of jobs, and no job. */
  void write(List<ModelJob> jobs) {
    try {
      Home.writePrivate(path, JSON.writeValueAsString(jobs));
    } catch (IOException e) {
      log.warn("{} cannot be written: {}", path, e.toString());
    }
  }
}
