package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.ServiceAccounts;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.User;
import dev.postern.tenancy.Users;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Who the keys of a page belong to. Each owner is looked up once. */
final class KeyOwners {
  private final Users users;
  private final ServiceAccounts accounts;

  KeyOwners(Users users, ServiceAccounts accounts) {
    this.users = users;
    this.accounts = accounts;
  }

  Future<Known> of(TenantId tenant, ProjectId project, List<ApiKey> keys) {
    var known = new Known(new HashMap<>(), new HashMap<>());
    var lookups = new ArrayList<Future<?>>();
    lookups.addAll(find(keys, ApiKey::createdBy, id -> users.get(tenant, id), known.users()));
    lookups.addAll(
        find(
            keys,
            ApiKey::serviceAccount,
            id -> accounts.get(tenant, project, id),
            known.accounts()));
    return Future.join(lookups).map(known).otherwise(known);
  }

  /** An owner who is gone stays unknown. */
  private static <T> List<Future<?>> find(
      List<ApiKey> keys,
      Function<ApiKey, @Nullable UUID> owner,
      Function<UUID, Future<T>> lookup,
      Map<UUID, T> found) {
    var lookups = new ArrayList<Future<?>>();
    keys.stream()
        .map(owner)
        .distinct()
        .forEach(id -> {
          if (id != null) {
            lookups.add(lookup.apply(id).onSuccess(one -> found.put(id, one)));
          }
        });
    return lookups;
  }

  record Known(Map<UUID, User> users, Map<UUID, ServiceAccounts.ServiceAccount> accounts) {

    ObjectNode shape(ApiKey key) {
      var owner = Api.JSON.createObjectNode();
      if (key.serviceAccount() != null) {
        owner.put("type", "service_account");
        var account = accounts.get(key.serviceAccount());
        if (account != null) {
          owner.set("service_account", ServiceAccountRoutes.shape(account));
        }
        return owner;
      }
      owner.put("type", "user");
      var user = key.createdBy() == null ? null : users.get(key.createdBy());
      if (user != null) {
        owner
            .putObject("user")
            .put("id", WireId.USER.format(user.id()))
            .put("email", user.email())
            .put("name", user.name())
            .put("created_at", user.createdAt().getEpochSecond())
            .put("role", Shapes.word(user.role()));
      }
      return owner;
    }
  }
}
