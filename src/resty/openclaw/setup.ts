/** Reads the table that users write, and builds all there is in the gateway. */
import type { Admin } from "./admin";
import type { Balancer } from "./balancer";
import type { Edge } from "./edge";
import * as metrics from "./metrics";
import type { Metrics } from "./metrics";
import * as read from "./options";
import type { PostAction } from "./post_action";
import { named_groups } from "./setup/groups";
import { read_sinks, read_slow } from "./setup/logs";
import { read_admin, read_status } from "./setup/operators";
import { read_route } from "./setup/route";
import type { Route } from "./setup/route";
import * as upstreams from "./setup/upstreams";
import type { Status } from "./status";

export type { Route };

export interface Gateway {
    readonly metrics: Metrics;
    readonly admin: Admin;
    readonly status: Status;
    readonly balancers: LuaTable<string, Balancer>;
    readonly routes: LuaTable<string, Route>;
    readonly logs: PostAction[];
    /** Of the routes that have one. */
    readonly edges: Edge[];
    /** Whether any route has a plugin that works in these phases. */
    filters_headers: boolean;
    balances: boolean;
}

const OPTIONS = ["upstreams", "routes", "log", "metrics", "admin", "status"];

/** Builds the gateway. Raises one sentence when an option is wrong. Phases: init. */
export function build(options: unknown): Gateway {
    const given = read.check("setup", options, OPTIONS);
    // First: which labels are kept is to be known before any series is made.
    const figures = metrics.new(given.metrics ?? {});
    const balancers = upstreams.read_all(given);
    const logs = read_sinks(given);
    const gateway: Gateway = {
        metrics: figures,
        admin: read_admin(given, balancers),
        status: read_status(given, balancers),
        balancers,
        routes: new LuaTable(),
        logs,
        edges: [],
        filters_headers: false,
        balances: false,
    };
    const shared = { metrics: figures, balancers, logs, slow: read_slow(given), stores: new LuaSet<string>() };
    for (const [name, entry] of named_groups(given, "routes")) {
        const route = read_route(shared, name, entry);
        gateway.routes.set(name, route);
        if (route.filters_headers) gateway.filters_headers = true;
        if (route.edge !== undefined) gateway.edges.push(route.edge);
        if (route.balances) gateway.balances = true;
    }
    return gateway;
}
