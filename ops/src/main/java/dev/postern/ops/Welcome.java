package dev.postern.ops;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The one screen that {@code postern up} prints when it serves. */
record Welcome(Home home, String email, Product.Started started) {

  List<String> lines() {
    var lines = new ArrayList<String>();
    var url = started.url();
    var credentials = started.credentials();
    lines.add("");
    lines.add("Postern is ready.");
    lines.add("");
    lines.add("  Address   " + url);
    lines.add("  Console   " + url + "  (sign in as " + email + ")");
    lines.add("  Password  " + credentials.firstPassword().orElse("in " + home.consolePassword()));
    lines.add("  API key   " + credentials.key().orElse("make one in the console"));
    lines.add("  Kept in   " + home.bootstrap() + " and " + home.consolePassword());
    lines.add("");
    credentials
        .key()
        .ifPresent(
            value -> lines.addAll(started.inference() ? firstRequest(value) : firstLook(value)));
    lines.add("Stop with Ctrl-C or: ./postern stop" + homeOption());
    lines.add("");
    return lines;
  }

  private List<String> firstRequest(String value) {
    return List.of(
        "  curl "
            + started.url()
            + "/v1/chat/completions -H 'Authorization: Bearer "
            + value
            + "' -H 'Content-Type: application/json' -d '{\"model\":\""
            + HomeModels.CHAT
            + "\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"What is the"
            + " capital of France?\"}]}'",
        "",
        "  python3 -c 'import openai; print(openai.OpenAI(base_url=\""
            + started.url()
            + "/v1\", api_key=\""
            + value
            + "\").chat.completions.create(model=\""
            + HomeModels.CHAT
            + "\", temperature=0, messages=[{\"role\": \"user\", \"content\": \"What is the capital"
            + " of France?\"}]).choices[0].message.content)'   # pip install openai",
        "");
  }

  private List<String> firstLook(String value) {
    return List.of(
        "  curl " + started.url() + "/v1/models -H 'Authorization: Bearer " + value + "'",
        "",
        "  python3 -c 'import openai; print(openai.OpenAI(base_url=\""
            + started.url()
            + "/v1\", api_key=\""
            + value
            + "\").models.list())'   # pip install openai",
        "");
  }

  private String homeOption() {
    var usual = Path.of(System.getProperty("user.home"), ".postern");
    return home.folder().equals(usual) ? "" : " --home " + BootstrapFile.quote("" + home.folder());
  }
}
