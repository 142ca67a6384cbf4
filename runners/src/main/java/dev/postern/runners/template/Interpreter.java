package dev.postern.runners.template;

import dev.postern.runners.template.Expression.Arguments;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs one rendering. Steps and output are bounded; nothing outside the variables is reachable. */
final class Interpreter {
  private static final int MAX_STEPS = 2_000_000;
  private static final int MAX_CALL_DEPTH = 50;

  /** Longer texts cost a step for each so many characters, longer lists for so many members. */
  private static final int CHARACTERS_A_STEP = 64;

  private enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  /** Variables; a loop's body and a macro's have their own, outside ones can be read. */
  private static final class Scope {
    private final Map<String, Object> variables = new HashMap<>();
    private final @Nullable Scope outer;

    private Scope(@Nullable Scope outer) {
      this.outer = outer;
    }

    private Object get(String name) {
      for (Scope scope = this; scope != null; scope = scope.outer) {
        Object value = scope.variables.get(name);
        if (value != null) {
          return value;
        }
      }
      return Values.UNDEFINED;
    }
  }

  private final int maxOutput;
  private StringBuilder out = new StringBuilder();
  private int steps;
  private int callDepth;

  private Interpreter(int maxOutput) {
    this.maxOutput = maxOutput;
  }

  static String render(List<Statement> template, Map<String, Object> variables, int maxOutput) {
    var interpreter = new Interpreter(maxOutput);
    var scope = new Scope(null);
    scope.variables.putAll(variables);
    interpreter.run(template, scope);
    return interpreter.out.toString();
  }

  private void step(int count) {
    steps += count;
    if (steps > MAX_STEPS || steps < 0) {
      throw new TemplateFailure("the chat template takes too long");
    }
  }

  private void print(String text) {
    if (text.length() > maxOutput - out.length()) {
      throw new TemplateFailure("the chat template's text is too long");
    }
    out.append(text);
  }

  private Flow run(List<Statement> statements, Scope scope) {
    for (Statement statement : statements) {
      step(1);
      Flow flow = run(statement, scope);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Statement statement, Scope scope) {
    return switch (statement) {
      case Statement.Text(String text) -> {
        print(text);
        yield Flow.NEXT;
      }
      case Statement.Print(Expression value) -> {
        print(Values.text(evaluate(value, scope)));
        yield Flow.NEXT;
      }
      case Statement.If(Expression condition, var then, var otherwise) ->
          run(Values.truth(evaluate(condition, scope)) ? then : otherwise, scope);
      case Statement.For loop -> loop(loop, scope);
      case Statement.Assign(String name, String attribute, Expression value) -> {
        Object result = evaluate(value, scope);
        if (attribute == null) {
          scope.variables.put(name, result);
        } else if (scope.get(name) instanceof Values.Namespace namespace) {
          namespace.members().put(attribute, result);
        } else {
          throw new TemplateFailure("'" + name + "' is not a namespace");
        }
        yield Flow.NEXT;
      }
      case Statement.Capture(String name, var body) -> {
        scope.variables.put(name, captured(body, scope));
        yield Flow.NEXT;
      }
      case Statement.Macro macro -> {
        Values.Function function = (positional, named) -> call(macro, positional, named, scope);
        scope.variables.put(macro.name(), function);
        yield Flow.NEXT;
      }
      case Statement.Break _ -> Flow.BREAK;
      case Statement.Continue _ -> Flow.CONTINUE;
    };
  }

  private String captured(List<Statement> body, Scope scope) {
    StringBuilder outside = out;
    out = new StringBuilder();
    try {
      run(body, scope);
      return out.toString();
    } finally {
      out = outside;
    }
  }

  private Flow loop(Statement.For loop, Scope scope) {
    List<Object> items = Values.items(evaluate(loop.items(), scope));
    step(items.size());
    Expression condition = loop.condition();
    if (condition != null) {
      items.removeIf(item -> {
        Scope tried = new Scope(scope);
        bind(loop.targets(), item, tried);
        return !Values.truth(evaluate(condition, tried));
      });
    }
    if (items.isEmpty()) {
      return run(loop.otherwise(), scope);
    }
    for (int i = 0; i < items.size(); i++) {
      Scope body = new Scope(scope);
      bind(loop.targets(), items.get(i), body);
      body.variables.put("loop", loopFacts(items, i));
      if (run(loop.body(), body) == Flow.BREAK) {
        break;
      }
    }
    return Flow.NEXT;
  }

  private static Map<String, Object> loopFacts(List<Object> items, int index) {
    int size = items.size();
    Map<String, Object> facts = Values.map();
    facts.put("index", index + 1L);
    facts.put("index0", (long) index);
    facts.put("revindex", (long) (size - index));
    facts.put("revindex0", size - index - 1L);
    facts.put("first", index == 0);
    facts.put("last", index == size - 1);
    facts.put("length", (long) size);
    facts.put("previtem", index == 0 ? Values.UNDEFINED : items.get(index - 1));
    facts.put("nextitem", index == size - 1 ? Values.UNDEFINED : items.get(index + 1));
    return facts;
  }

  private static void bind(List<String> targets, Object item, Scope scope) {
    if (targets.size() == 1) {
      scope.variables.put(targets.getFirst(), item);
      return;
    }
    List<Object> parts = Values.items(item);
    if (parts.size() != targets.size()) {
      throw new TemplateFailure("a loop cannot take its items apart");
    }
    for (int i = 0; i < parts.size(); i++) {
      scope.variables.put(targets.get(i), parts.get(i));
    }
  }

  private Object call(
      Statement.Macro macro, List<Object> positional, Map<String, Object> named, Scope defined) {
    if (++callDepth > MAX_CALL_DEPTH) {
      throw new TemplateFailure("macros call each other too deeply");
    }
    var arguments = new CallArguments(positional, named);
    Scope scope = new Scope(defined);
    for (int i = 0; i < macro.parameters().size(); i++) {
      String parameter = macro.parameters().get(i);
      Object otherwise = evaluate(macro.defaults().get(i), scope);
      scope.variables.put(parameter, arguments.value(i, parameter, otherwise));
    }
    String text = captured(macro.body(), scope);
    callDepth--;
    return text;
  }

  private Object evaluate(Expression expression, Scope scope) {
    step(1);
    Object value =
        switch (expression) {
          case Expression.Literal(Object literal) -> literal;
          case Expression.Name(String name) -> scope.get(name);
          case Expression.ListOf(var items) -> all(items, scope);
          case Expression.MapOf(var keys, var values) -> {
            Map<String, Object> map = Values.map();
            for (int i = 0; i < keys.size(); i++) {
              map.put(Values.text(evaluate(keys.get(i), scope)), evaluate(values.get(i), scope));
            }
            yield map;
          }
          case Expression.Attribute(Expression target, String name) ->
              Values.item(evaluate(target, scope), name);
          case Expression.Item(Expression target, Expression key) ->
              Values.item(evaluate(target, scope), evaluate(key, scope));
          case Expression.Slice(Expression target, var start, var stop, var by) ->
              Values.slice(
                  evaluate(target, scope),
                  optional(start, scope),
                  optional(stop, scope),
                  optional(by, scope));
          case Expression.Call(Expression target, Arguments arguments) ->
              call(target, arguments, scope);
          case Expression.Filter(Expression target, String name, Arguments arguments) ->
              Filters.apply(
                  name,
                  evaluate(target, scope),
                  all(arguments.positional(), scope),
                  all(arguments.named(), scope));
          case Expression.Test(Expression target, String name, var arguments, boolean negated) ->
              Tests.holds(name, evaluate(target, scope), all(arguments, scope)) != negated;
          case Expression.Not(Expression operand) -> !Values.truth(evaluate(operand, scope));
          case Expression.Negative(Expression operand) ->
              Arithmetic.negative(evaluate(operand, scope));
          case Expression.Binary binary -> binary(binary, scope);
          case Expression.Conditional(Expression condition, Expression then, var otherwise) ->
              Values.truth(evaluate(condition, scope))
                  ? evaluate(then, scope)
                  : optional(otherwise, scope);
        };
    if (value instanceof String text) {
      if (text.length() > maxOutput) {
        throw new TemplateFailure("the chat template's text is too long");
      }
      step(text.length() / CHARACTERS_A_STEP);
    }
    if (value instanceof List<?> list) {
      step(list.size() / CHARACTERS_A_STEP);
    }
    return value;
  }

  private Object optional(@Nullable Expression expression, Scope scope) {
    return expression == null ? Values.UNDEFINED : evaluate(expression, scope);
  }

  private List<Object> all(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(evaluate(expression, scope));
    }
    return values;
  }

  private Map<String, Object> all(Map<String, Expression> expressions, Scope scope) {
    Map<String, Object> values = Values.map();
    expressions.forEach((name, expression) -> values.put(name, evaluate(expression, scope)));
    return values;
  }

  private Object call(Expression target, Arguments arguments, Scope scope) {
    List<Object> positional = all(arguments.positional(), scope);
    Map<String, Object> named = all(arguments.named(), scope);
    if (target instanceof Expression.Attribute(Expression owner, String method)) {
      Object on = evaluate(owner, scope);
      if (Methods.has(on, method)) {
        var given = new CallArguments(positional, named);
        return switch (on) {
          case String text -> Methods.ofText(text, method, given);
          case Map<?, ?> map -> Methods.ofMap(map, method, given);
          default -> throw new IllegalStateException();
        };
      }
    }
    if (evaluate(target, scope) instanceof Values.Function function) {
      return function.call(positional, named);
    }
    throw new TemplateFailure("the chat template calls something that is not there");
  }

  private Object binary(Expression.Binary binary, Scope scope) {
    Object left = evaluate(binary.left(), scope);
    return switch (binary.operator()) {
      case "and" -> Values.truth(left) ? evaluate(binary.right(), scope) : left;
      case "or" -> Values.truth(left) ? left : evaluate(binary.right(), scope);
      default -> Arithmetic.apply(binary.operator(), left, evaluate(binary.right(), scope));
    };
  }
}
