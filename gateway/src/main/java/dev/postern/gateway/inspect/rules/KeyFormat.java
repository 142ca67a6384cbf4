package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import java.util.List;

/**
 * The published form of one provider's keys.
 *
 * @param prefix what such a key begins with
 * @param body the characters that follow
 * @param length how many of them make it a key for sure
 * @param digits how many of these must be digits, which words rarely have
 */
record KeyFormat(String prefix, CharSet body, int length, int digits) {
  private static final CharSet UPPER = CharSet.of("A-Z0-9");
  private static final CharSet HEX = CharSet.of("a-fA-F0-9");
  private static final CharSet WORD = CharSet.of("a-zA-Z0-9_");
  private static final CharSet TOKEN = CharSet.BASE64_URL;
  private static final CharSet BASE64 = CharSet.of("a-zA-Z0-9_+/=-");
  private static final CharSet DOTTED = CharSet.of("a-zA-Z0-9_.-");
  private static final CharSet PATH = CharSet.of("a-zA-Z0-9_/+-");

  static final List<KeyFormat> KNOWN =
      List.of(
          // Amazon Web Services.
          new KeyFormat("AKIA", UPPER, 16, 0),
          new KeyFormat("ASIA", UPPER, 16, 0),
          new KeyFormat("ABIA", UPPER, 16, 0),
          new KeyFormat("ABSKQmVkcm9ja0FQSUtleS", BASE64, 32, 0),
          // GitHub.
          new KeyFormat("ghp_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("gho_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("ghu_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("ghs_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("ghr_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("github_pat_", WORD, 40, 1),
          // GitLab.
          new KeyFormat("glpat-", DOTTED, 20, 1),
          new KeyFormat("gldt-", TOKEN, 20, 1),
          new KeyFormat("glrt-", DOTTED, 20, 1),
          new KeyFormat("glptt-", HEX, 40, 1),
          new KeyFormat("GR1348941", TOKEN, 20, 1),
          // Slack.
          new KeyFormat("xoxb-", TOKEN, 20, 8),
          new KeyFormat("xoxp-", TOKEN, 20, 8),
          new KeyFormat("xoxa-", TOKEN, 16, 6),
          new KeyFormat("xoxe.xoxp-", TOKEN, 20, 1),
          new KeyFormat("xoxe.xoxb-", TOKEN, 20, 1),
          new KeyFormat("xoxe-", TOKEN, 20, 1),
          new KeyFormat("xoxr-", TOKEN, 16, 6),
          new KeyFormat("xoxs-", TOKEN, 16, 6),
          new KeyFormat("xapp-", TOKEN, 20, 4),
          new KeyFormat("hooks.slack.com/services/", PATH, 40, 1),
          new KeyFormat("hooks.slack.com/workflows/", PATH, 40, 1),
          // Stripe.
          new KeyFormat("sk_live_", CharSet.ALPHANUMERIC, 16, 1),
          new KeyFormat("sk_test_", CharSet.ALPHANUMERIC, 16, 1),
          new KeyFormat("rk_live_", CharSet.ALPHANUMERIC, 16, 1),
          new KeyFormat("rk_test_", CharSet.ALPHANUMERIC, 16, 1),
          // OpenAI, those who took over its form, and this platform.
          new KeyFormat("sk-proj-", TOKEN, 24, 1),
          new KeyFormat("sk-svcacct-", TOKEN, 24, 1),
          new KeyFormat("sk-admin-", TOKEN, 24, 1),
          new KeyFormat("sk-ant-", TOKEN, 40, 2),
          new KeyFormat("sk-or-v1-", HEX, 40, 2),
          new KeyFormat("sk-", CharSet.ALPHANUMERIC, 24, 2),
          // Google.
          new KeyFormat("AIza", TOKEN, 35, 1),
          new KeyFormat("ya29.", TOKEN, 30, 1),
          new KeyFormat("GOCSPX-", TOKEN, 24, 1),
          // Facebook.
          new KeyFormat("EAAM", CharSet.ALPHANUMERIC, 80, 8),
          new KeyFormat("EAAC", CharSet.ALPHANUMERIC, 80, 8),
          // Package registries.
          new KeyFormat("npm_", CharSet.ALPHANUMERIC, 36, 1),
          new KeyFormat("pypi-AgEIcHlwaS5vcmc", TOKEN, 50, 1),
          new KeyFormat("rubygems_", HEX, 48, 1),
          // Others.
          new KeyFormat("hf_", CharSet.ALPHANUMERIC, 34, 1),
          new KeyFormat("gsk_", CharSet.ALPHANUMERIC, 40, 1),
          new KeyFormat("pplx-", CharSet.ALPHANUMERIC, 40, 1),
          new KeyFormat("r8_", CharSet.ALPHANUMERIC, 37, 1),
          new KeyFormat("SG.", DOTTED, 60, 2),
          new KeyFormat("shpat_", HEX, 32, 1),
          new KeyFormat("shpss_", HEX, 32, 1),
          new KeyFormat("dop_v1_", HEX, 64, 1),
          new KeyFormat("dckr_pat_", TOKEN, 27, 1),
          new KeyFormat("hvs.", TOKEN, 40, 1),
          new KeyFormat("hvb.", TOKEN, 40, 1),
          new KeyFormat("glsa_", WORD, 40, 1),
          new KeyFormat("glc_", BASE64, 40, 1),
          new KeyFormat("lin_api_", CharSet.ALPHANUMERIC, 40, 1),
          new KeyFormat("ntn_", CharSet.ALPHANUMERIC, 40, 6),
          new KeyFormat("PMAK-", TOKEN, 40, 1),
          new KeyFormat("NRAK-", UPPER, 27, 1),
          new KeyFormat("API-", UPPER, 26, 2),
          new KeyFormat("sgp_", WORD, 40, 4),
          new KeyFormat("s-s4t2ud-", HEX, 40, 4),
          new KeyFormat("s-s4t2af-", HEX, 40, 4),
          new KeyFormat("pul-", HEX, 40, 4),
          new KeyFormat("dapi", HEX, 32, 4),
          new KeyFormat("ops_eyJ", BASE64, 60, 1),
          new KeyFormat("sq0csp-", TOKEN, 43, 1),
          new KeyFormat("sq0atp-", TOKEN, 22, 1),
          new KeyFormat("figd_", TOKEN, 36, 1),
          new KeyFormat("AGE-SECRET-KEY-1", UPPER, 58, 1));
}
