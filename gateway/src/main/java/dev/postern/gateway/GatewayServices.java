package dev.postern.gateway;

import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.inspect.OutputInspector;
import dev.postern.gateway.inspect.PromptInspector;
import dev.postern.gateway.pipeline.SessionAuthenticator;
import dev.postern.registry.Policies;
import dev.postern.registry.Routes;
import dev.postern.runners.RunnerPool;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Ledger;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.SecurityEvents;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.InstantSource;
import java.util.function.BooleanSupplier;

/**
 * What the gateway needs of the rest of the product.
 *
 * @param ready what {@code /readyz} answers; asked often, so it has to be a look at memory
 */
public record GatewayServices(
    ApiKeys keys,
    SessionAuthenticator sessions,
    Quotas quotas,
    Ledger ledger,
    SecurityEvents securityEvents,
    AuditLog auditLog,
    Routes routes,
    Policies policies,
    PromptInspector promptInspector,
    OutputInspector outputInspector,
    RunnerPool runners,
    AdapterSupply adapters,
    PrometheusMeterRegistry metrics,
    BooleanSupplier ready,
    InstantSource clock,
    Ids ids) {}
