package dev.postern.runners.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A set of byte strings: what a grammar allows somewhere. */
sealed interface Expression {
  Expression EMPTY = new Sequence(List.of());

  /** Repetition without an end. */
  int UNBOUNDED = Integer.MAX_VALUE;

  /** One byte of a range, both ends in it. */
  record Range(int low, int high) implements Expression {}

  record Sequence(List<Expression> parts) implements Expression {
    public Sequence {
      parts = List.copyOf(parts);
    }
  }

  record Choice(List<Expression> options) implements Expression {
    public Choice {
      options = List.copyOf(options);
    }
  }

  record Repeat(Expression body, int least, int most) implements Expression {}

  /**
   * What another rule allows.
   *
   * @param least rounds of a counted rule
   * @param most rounds of a counted rule
   */
  record Call(int rule, int least, int most) implements Expression {}

  /** Parts in this order with separators between those that are there. */
  record Members(List<Member> members, Expression separator) implements Expression {
    public Members {
      members = List.copyOf(members);
    }
  }

  record Member(Expression expression, boolean required) {}

  /** Any bytes up to and with the first occurrence of a marker. */
  record Until(String marker) implements Expression {}

  /** Any bytes in which a marker does not occur, its beginning at their end included. */
  record Without(String marker) implements Expression {}

  static Expression text(String text) {
    List<Expression> bytes = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(new Range(b & 0xff, b & 0xff));
    }
    return new Sequence(bytes);
  }

  static Expression sequence(Expression... parts) {
    return new Sequence(List.of(parts));
  }

  static Expression choice(Expression... options) {
    return new Choice(List.of(options));
  }

  static Expression optional(Expression body) {
    return new Repeat(body, 0, 1);
  }

  static Expression call(int rule) {
    return new Call(rule, 0, UNBOUNDED);
  }

  /** How many states it takes to write it out, about. */
  default long size() {
    return switch (this) {
      case Range _, Call _ -> 1;
      case Sequence(var parts) -> parts.stream().mapToLong(Expression::size).sum();
      case Choice(var options) -> 1 + options.stream().mapToLong(Expression::size).sum();
      case Repeat(var body, int least, int most) ->
          1 + body.size() * (most == UNBOUNDED ? Math.max(least, 1) : most);
      case Members(var members, var separator) ->
          members.stream().mapToLong(m -> m.expression().size() + separator.size()).sum();
      case Until(var marker) -> marker.length();
      case Without(var marker) -> marker.length();
    };
  }
}
