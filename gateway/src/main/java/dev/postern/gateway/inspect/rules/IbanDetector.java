package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** International bank account numbers (ISO 13616): length by country and remainder 1 modulo 97. */
final class IbanDetector implements Detector {
  private static final Map<String, Integer> LENGTHS = new HashMap<>();

  static {
    String table =
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27"
            + " DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28"
            + " HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21"
            + " LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29"
            + " PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23"
            + " TN24 TR26 UA29 VA22 VG24 XK20 YE30";
    for (String entry : table.split(" ")) {
      LENGTHS.put(entry.substring(0, 2), Integer.valueOf(entry.substring(2)));
    }
  }

  @Override
  public String name() {
    return "pii.iban";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (!isLetter(text.at(at)) || text.alphanumeric(at - 1)) {
        continue;
      }
      var scan = candidate(text, at);
      if (scan != null) {
        return scan;
      }
    }
    return new Scan.Clear(text.length());
  }

  private static @Nullable Scan candidate(Window text, int start) {
    boolean upperCase = Character.isUpperCase(text.at(start));
    int length = Integer.MAX_VALUE;
    int remainder = 0;
    int count = 0;
    int at = start;
    while (count < length) {
      if (at == text.length()) {
        return text.complete() ? null : new Scan.Clear(start);
      }
      char character = text.at(at);
      boolean letter = isLetter(character);
      if ((character == ' ' || character == '-') && count >= 4 && text.alphanumeric(at - 1)) {
        at++;
        continue;
      }
      boolean expected =
          switch (count) {
            case 0, 1 -> letter;
            case 2, 3 -> text.digit(at) >= 0;
            default -> letter || text.digit(at) >= 0;
          };
      if (!expected || (letter && Character.isUpperCase(character) != upperCase)) {
        return null;
      }
      // The four leading characters count last in the checksum: they are added at the end.
      if (count >= 4) {
        remainder = add(remainder, value(text, at));
      }
      at++;
      count++;
      if (count == 2) {
        var known = LENGTHS.get(text.substring(start, at).toUpperCase(Locale.ROOT));
        if (known == null) {
          return null;
        }
        length = known;
      }
    }
    if (at == text.length() && !text.complete()) {
      return new Scan.Clear(start);
    }
    if (text.alphanumeric(at)) {
      return null;
    }
    for (int i = start; i < start + 4; i++) {
      remainder = add(remainder, value(text, i));
    }
    return remainder == 1 ? Scan.Match.closed(start, at) : null;
  }

  private static boolean isLetter(char character) {
    return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z');
  }

  private static int value(Window text, int at) {
    int digit = text.digit(at);
    return digit >= 0 ? digit : 10 + Character.toUpperCase(text.at(at)) - 'A';
  }

  private static int add(int remainder, int value) {
    return (value < 10 ? remainder * 10 + value : remainder * 100 + value) % 97;
  }
}
