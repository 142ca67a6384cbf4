package dev.postern.tenancy;

import io.vertx.core.Future;

/** The projects of an organisation. A project that is another tenant's is {@code NotFound}. */
public interface Projects {

  Future<Project> create(Principal actor, String name);

  /** Newest first. */
  Future<Page<Project>> list(TenantId tenant, boolean includeArchived, PageRequest page);

  Future<Project> get(TenantId tenant, ProjectId project);

  Future<Project> rename(Principal actor, ProjectId project, String name);

  /** Ends the project for good and all its keys with it. Again is no error. */
  Future<Project> archive(Principal actor, ProjectId project);
}
