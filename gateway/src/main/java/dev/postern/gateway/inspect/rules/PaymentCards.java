package dev.postern.gateway.inspect.rules;

/** Issuer ranges and the Luhn digit of payment cards (ISO/IEC 7812). */
final class PaymentCards {
  private PaymentCards() {}

  static boolean valid(int[] digits, int count) {
    return issued(digits, count) && luhn(digits, count);
  }

  private static boolean isMaestro(int two) {
    return two == 50 || within(two, 56, 58);
  }

  private static boolean luhn(int[] digits, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++) {
      int digit = digits[count - 1 - i];
      if (i % 2 == 1) {
        digit *= 2;
        sum += digit > 9 ? digit - 9 : digit;
      } else {
        sum += digit;
      }
    }
    return sum % 10 == 0;
  }

  private static boolean issued(int[] digits, int count) {
    int four = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
    int three = four / 10;
    int two = four / 100;
    return switch (digits[0]) {
      // Visa.
      case 4 -> count == 13 || count == 16 || count == 19;
      // American Express; Diners Club; JCB.
      case 3 ->
          ((two == 34 || two == 37) && count == 15)
              || ((within(three, 300, 305) || three == 309 || two == 36 || two == 38 || two == 39)
                  && count >= 14)
              || (two == 35 && count >= 16);
      // Mir; Mastercard's second range; JCB's old range.
      case 2 ->
          (within(four, 2200, 2204) && count >= 16)
              || (within(four, 2221, 2720) && count == 16)
              || (four == 2131 && count == 15);
      case 1 -> four == 1800 && count == 15;
      // Mastercard; Maestro.
      case 5 -> (within(two, 51, 55) && count == 16) || isMaestro(two);
      // Discover, UnionPay, Maestro: together they take the whole of 6.
      case 6 -> true;
      default -> false;
    };
  }

  private static boolean within(int value, int first, int last) {
    return value >= first && value <= last;
  }
}
