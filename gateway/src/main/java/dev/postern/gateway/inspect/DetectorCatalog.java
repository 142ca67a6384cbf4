package dev.postern.gateway.inspect;

import java.util.List;

/** What this gateway can look for. */
public interface DetectorCatalog {

  /** Names and words for each kind of finding, in order of precedence. */
  List<Entry> entries();

  /**
   * The detectors, in the order of {@link #entries}; several may report under one name.
   *
   * @param blockList the tenant's words and phrases
   */
  List<Detector> detectors(List<String> blockList);

  /**
   * A kind of finding.
   *
   * @param placeholder what is written, in square brackets, instead of a redacted finding
   */
  record Entry(String name, String placeholder, String description) {}
}
