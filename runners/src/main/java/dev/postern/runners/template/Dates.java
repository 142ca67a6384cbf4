package dev.postern.runners.template;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Dates in the way Python's strftime writes them, in UTC and in English. */
final class Dates {
  private Dates() {}

  static String format(Instant instant, String format) {
    ZonedDateTime date = instant.atZone(ZoneOffset.UTC);
    var text = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char sign = format.charAt(i);
      if (sign != '%' || i + 1 == format.length()) {
        text.append(sign);
        continue;
      }
      i++;
      boolean unpadded = format.charAt(i) == '-' && i + 1 < format.length();
      if (unpadded) {
        i++;
      }
      String part = part(date, format.charAt(i));
      text.append(unpadded ? part.replaceFirst("^0(?=.)", "") : part);
    }
    return text.toString();
  }

  private static String part(ZonedDateTime date, char sign) {
    return switch (sign) {
      case 'd' -> pattern(date, "dd");
      case 'm' -> pattern(date, "MM");
      case 'y' -> pattern(date, "yy");
      case 'Y' -> pattern(date, "yyyy");
      case 'b' -> pattern(date, "MMM");
      case 'B' -> pattern(date, "MMMM");
      case 'a' -> pattern(date, "EEE");
      case 'A' -> pattern(date, "EEEE");
      case 'j' -> pattern(date, "DDD");
      case 'H' -> pattern(date, "HH");
      case 'I' -> pattern(date, "hh");
      case 'M' -> pattern(date, "mm");
      case 'S' -> pattern(date, "ss");
      case 'p' -> pattern(date, "a");
      case 'Z' -> "UTC";
      case '%' -> "%";
      default -> throw new TemplateFailure("the date format '%" + sign + "' is not known");
    };
  }

  private static String pattern(ZonedDateTime date, String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(date);
  }
}
