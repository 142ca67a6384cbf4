package dev.postern.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConsoleFilesTest {

  @Test
  void scriptsRunFromOurFilesAlone() {
    assertThat(ConsoleFiles.contentSecurityPolicy("<script src=\"/assets/a.js\"></script>"))
        .contains("script-src 'self';")
        .contains("frame-ancestors 'none'");
  }

  @Test
  void theInlineScriptOfTheIndexPageIsAllowedByItsHash() {
    // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assertThat(ConsoleFiles.contentSecurityPolicy("<head><script>alert(1)</script></head>"))
        .contains("script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI=';");
  }
}
