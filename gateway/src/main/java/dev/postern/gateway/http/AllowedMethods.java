package dev.postern.gateway.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Which methods a Router's paths know, for the {@code allow} header of a 405. */
record AllowedMethods(List<Known> routes) {

  record Known(Pattern path, Set<HttpMethod> methods) {}

  static AllowedMethods of(Router router) {
    var routes = new ArrayList<Known>();
    for (var route : router.getRoutes()) {
      if (route.getPath() != null && route.methods() != null) {
        routes.add(new Known(pattern(route.getPath(), route.isExactPath()), route.methods()));
      }
    }
    return new AllowedMethods(List.copyOf(routes));
  }

  List<String> at(String path) {
    return routes.stream()
        .filter(route -> route.path().matcher(path).matches())
        .flatMap(route -> route.methods().stream())
        .map(HttpMethod::name)
        .distinct()
        .sorted(Comparator.naturalOrder())
        .toList();
  }

  /** {@code :name} stands for one segment; a path that is not exact may go on. */
  private static Pattern pattern(String path, boolean exact) {
    var regex = new StringBuilder();
    for (var segment : path.split("/", -1)) {
      if (!regex.isEmpty()) {
        regex.append('/');
      }
      regex.append(segment.startsWith(":") ? "[^/]+" : Pattern.quote(segment));
    }
    return Pattern.compile(exact ? regex.toString() : regex + ".*");
  }
}
