package dev.postern.runners.template;

/** A template is not in the part of Jinja that is understood here. */
public final class TemplateSyntaxException extends RuntimeException {
  TemplateSyntaxException(String message) {
    super(message, null, false, false);
  }
}
