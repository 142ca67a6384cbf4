package dev.postern.gateway.wire.openai;

import java.time.Duration;

/** Durations as the {@code x-ratelimit-reset-*} headers write them: {@code 120ms}, {@code 6m0s}. */
public final class GoDuration {
  private GoDuration() {}

  public static String of(Duration duration) {
    var millis = Math.max(0, duration.toMillis());
    if (millis < 1000) {
      return millis + "ms";
    }
    // Whole seconds, rounded up: whoever waits this long must not come too early.
    var seconds = (millis + 999) / 1000;
    var text = new StringBuilder();
    if (seconds >= 3600) {
      text.append(seconds / 3600).append('h');
    }
    if (seconds >= 60) {
      text.append(seconds % 3600 / 60).append('m');
    }
    return text.append(seconds % 60).append('s').toString();
  }
}
