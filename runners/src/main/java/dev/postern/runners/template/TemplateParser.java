package dev.postern.runners.template;

import dev.postern.runners.template.Lexer.Piece;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Jinja's block tags. Tags that reach outside the template do not exist here. */
final class TemplateParser {
  private static final int MAX_DEPTH = 50;

  private final List<Piece> pieces;
  private int position;
  private int depth;

  private TemplateParser(List<Piece> pieces) {
    this.pieces = pieces;
  }

  static List<Statement> parse(String template) {
    var parser = new TemplateParser(Lexer.pieces(template));
    List<Statement> statements = parser.until(Set.of());
    if (parser.position < parser.pieces.size()) {
      throw new TemplateSyntaxException("an end tag has no beginning");
    }
    return statements;
  }

  /** Statements up to a block tag that begins with one of the names; that tag is not taken. */
  private List<Statement> until(Set<String> ends) {
    if (++depth > MAX_DEPTH) {
      throw new TemplateSyntaxException("blocks are nested too deeply");
    }
    List<Statement> statements = new ArrayList<>();
    while (position < pieces.size()) {
      Piece piece = pieces.get(position);
      if (piece instanceof Piece.Block(var words) && ends.contains(keyword(words))) {
        break;
      }
      position++;
      switch (piece) {
        case Piece.Text(String text) -> statements.add(new Statement.Text(text));
        case Piece.Print(var words) -> {
          var tag = new Words(words);
          statements.add(new Statement.Print(new ExpressionParser(tag).expression()));
          tag.expectDone();
        }
        case Piece.Block(var words) -> block(new Words(words), statements);
      }
    }
    depth--;
    return statements;
  }

  private static String keyword(List<Lexer.Word> words) {
    return words.isEmpty() ? "" : words.getFirst().text();
  }

  private void block(Words tag, List<Statement> into) {
    String keyword = tag.expectAnyName();
    switch (keyword) {
      case "if" -> into.add(conditional(tag));
      case "for" -> into.add(loop(tag));
      case "set" -> into.add(assignment(tag));
      case "macro" -> into.add(macro(tag));
      case "break" -> into.add(new Statement.Break());
      case "continue" -> into.add(new Statement.Continue());
      // Marks the assistant's part for training; printed like any other.
      case "generation" -> {
        into.addAll(until(Set.of("endgeneration")));
        end("endgeneration");
      }
      default -> throw new TemplateSyntaxException("the tag '" + keyword + "' is not known");
    }
  }

  private Words next(String wanted) {
    if (position >= pieces.size() || !(pieces.get(position) instanceof Piece.Block(var words))) {
      throw new TemplateSyntaxException("'" + wanted + "' is missing");
    }
    position++;
    return new Words(words);
  }

  private void end(String name) {
    Words tag = next(name);
    tag.expectName(name);
    tag.expectDone();
  }

  private Statement conditional(Words tag) {
    Expression condition = new ExpressionParser(tag).expression();
    tag.expectDone();
    List<Statement> then = until(Set.of("elif", "else", "endif"));
    Words after = next("endif");
    if (after.takeName("elif")) {
      if (++depth > MAX_DEPTH) {
        throw new TemplateSyntaxException("blocks are nested too deeply");
      }
      Statement chained = conditional(after);
      depth--;
      return new Statement.If(condition, then, List.of(chained));
    }
    if (after.takeName("endif")) {
      return new Statement.If(condition, then, List.of());
    }
    after.expectName("else");
    List<Statement> otherwise = until(Set.of("endif"));
    end("endif");
    return new Statement.If(condition, then, otherwise);
  }

  private Statement loop(Words tag) {
    List<String> targets = new ArrayList<>();
    do {
      targets.add(tag.expectAnyName());
    } while (tag.takeSign(","));
    tag.expectName("in");
    var expressions = new ExpressionParser(tag);
    // A condition here filters the items, so the items end before it.
    Expression items = expressions.or();
    Expression condition = tag.takeName("if") ? expressions.expression() : null;
    tag.expectDone();
    List<Statement> body = until(Set.of("else", "endfor"));
    Words after = next("endfor");
    List<Statement> otherwise = List.of();
    if (after.takeName("else")) {
      otherwise = until(Set.of("endfor"));
      end("endfor");
    } else {
      after.expectName("endfor");
    }
    return new Statement.For(targets, items, condition, body, otherwise);
  }

  private Statement assignment(Words tag) {
    String name = tag.expectAnyName();
    if (tag.done()) {
      List<Statement> body = until(Set.of("endset"));
      end("endset");
      return new Statement.Capture(name, body);
    }
    String attribute = tag.takeSign(".") ? tag.expectAnyName() : null;
    tag.expectSign("=");
    Expression value = new ExpressionParser(tag).expression();
    tag.expectDone();
    return new Statement.Assign(name, attribute, value);
  }

  private Statement macro(Words tag) {
    String name = tag.expectAnyName();
    tag.expectSign("(");
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    while (!tag.takeSign(")")) {
      parameters.add(tag.expectAnyName());
      defaults.add(
          tag.takeSign("=")
              ? new ExpressionParser(tag).expression()
              : new Expression.Literal(Values.UNDEFINED));
      if (!tag.atSign(")")) {
        tag.expectSign(",");
      }
    }
    tag.expectDone();
    List<Statement> body = until(Set.of("endmacro"));
    end("endmacro");
    return new Statement.Macro(name, parameters, defaults, body);
  }
}
