/** Metrics of authentication. */
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Reason } from "./model";

/** "none": requests without credentials. */
export type MethodName = "jwt" | "api_key" | "none";
export type Result = "ok" | "anonymous" | Reason;

export interface Figures {
    readonly results: LuaTable<MethodName, LuaTable<Result, Counter>>;
    /** Of the tenants that are counted; others share one. Nothing where none is counted. */
    readonly tenants: LuaTable<string, Counter> | undefined;
    readonly other_tenants: Counter | undefined;
}

const OF_CREDENTIALS: Result[] = [
    "ok",
    "malformed",
    "algorithm",
    "unknown_key",
    "signature",
    "expired",
    "not_yet_valid",
    "issuer",
    "audience",
    "claims",
    "scope",
    "no_keys",
    "conflict",
    "missing",
    "route",
    "unavailable",
];
const OF_NONE: Result[] = ["anonymous", "missing"];

/** The counters of a route, all of which are shown from the start. Phases: init. */
export function of(
    registry: Registry,
    route: string,
    methods: readonly MethodName[],
    tenants: readonly string[] | undefined,
): Figures {
    const family = metric_registry.counter(
        registry,
        "openclaw_auth_requests_total",
        "Requests by method of authentication and by result.",
        ["route", "method", "result"],
    );
    const results = new LuaTable<MethodName, LuaTable<Result, Counter>>();
    const add = (method: MethodName, of_method: readonly Result[]): void => {
        const counters = new LuaTable<Result, Counter>();
        for (const result of of_method) counters.set(result, family.labels(route, method, result));
        results.set(method, counters);
    };
    for (const method of methods) add(method, OF_CREDENTIALS);
    add("none", OF_NONE);
    if (tenants === undefined) return { results, tenants: undefined, other_tenants: undefined };
    const by_tenant = metric_registry.counter(
        registry,
        "openclaw_auth_tenant_requests_total",
        "Authenticated requests by tenant, of the tenants in `counted_tenants`.",
        ["route", "tenant"],
    );
    const counted = new LuaTable<string, Counter>();
    for (const tenant of tenants) counted.set(tenant, by_tenant.labels(route, tenant));
    return { results, tenants: counted, other_tenants: by_tenant.labels(route, metric_registry.OTHER) };
}

/** Counts an authenticated request for its tenant, if that is counted. Phases: access. */
export function count_tenant(figures: Figures, tenant: string): void {
    if (figures.tenants === undefined) return;
    const counter = (figures.tenants.get(tenant) as Counter | undefined) ?? figures.other_tenants!;
    counter.inc();
}
