package dev.postern.runners.template;

/**
 * A template could not be rendered: it said so itself, met a value it cannot use, or ran too long.
 */
final class TemplateFailure extends RuntimeException {
  TemplateFailure(String message) {
    super(message, null, false, false);
  }
}
