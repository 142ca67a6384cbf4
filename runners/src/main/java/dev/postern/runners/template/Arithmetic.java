package dev.postern.runners.template;

import java.util.ArrayList;
import java.util.List;

/** Python's operators on values. */
final class Arithmetic {
  private Arithmetic() {}

  static Object negative(Object value) {
    return switch (value) {
      case Long number -> -number;
      case Double number -> -number;
      default -> throw new TemplateFailure("only a number can be negative");
    };
  }

  static Object apply(String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> Values.equal(left, right);
      case "!=" -> !Values.equal(left, right);
      case "<" -> Values.compare(left, right) < 0;
      case "<=" -> Values.compare(left, right) <= 0;
      case ">" -> Values.compare(left, right) > 0;
      case ">=" -> Values.compare(left, right) >= 0;
      case "in" -> Values.contains(right, left);
      case "~" -> Values.text(left) + Values.text(right);
      case "+" -> sum(left, right);
      default -> ofNumbers(operator, left, right);
    };
  }

  private static Object sum(Object left, Object right) {
    if (left instanceof String a && right instanceof String b) {
      return a + b;
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      if (a.size() + b.size() > Values.MAX_ITEMS) {
        throw new TemplateFailure("a list is too long");
      }
      List<Object> joined = new ArrayList<>(a);
      joined.addAll(b);
      return joined;
    }
    return ofNumbers("+", left, right);
  }

  private static Object ofNumbers(String operator, Object left, Object right) {
    if (!(left instanceof Number a) || !(right instanceof Number b)) {
      throw new TemplateFailure("'" + operator + "' is asked of values it does not work on");
    }
    boolean whole = left instanceof Long && right instanceof Long;
    boolean byZero = b.doubleValue() == 0;
    if (byZero && (operator.equals("/") || operator.equals("//") || operator.equals("%"))) {
      throw new TemplateFailure("a number is divided by zero");
    }
    return switch (operator) {
      case "+" ->
          whole ? (Object) (a.longValue() + b.longValue()) : a.doubleValue() + b.doubleValue();
      case "-" ->
          whole ? (Object) (a.longValue() - b.longValue()) : a.doubleValue() - b.doubleValue();
      case "*" ->
          whole ? (Object) (a.longValue() * b.longValue()) : a.doubleValue() * b.doubleValue();
      case "/" -> a.doubleValue() / b.doubleValue();
      case "//" ->
          whole
              ? (Object) Math.floorDiv(a.longValue(), b.longValue())
              : Math.floor(a.doubleValue() / b.doubleValue());
      case "%" ->
          whole
              ? (Object) Math.floorMod(a.longValue(), b.longValue())
              : a.doubleValue() - b.doubleValue() * Math.floor(a.doubleValue() / b.doubleValue());
      default -> throw new TemplateFailure("the operator '" + operator + "' is not known");
    };
  }
}
