/** Reads the user's table, and builds the gateway from it. */
import type { Admin } from "../admin";
import * as admins from "../admin";
import type { Balancer } from "../balancer";
import type { Cache } from "../cache";
import type { Purges } from "../cache/purges";
import * as purge_lists from "../cache/purges";
import * as kinds from "../config/kinds";
import * as names from "../config/names";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import * as schemas from "../config/schema";
import { defaulted, map_of, option } from "../config/schema";
import type { Faults } from "../core/metrics/fault";
import * as fault from "../core/metrics/fault";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Limits } from "../limit";
import type { Metrics } from "../metrics";
import * as metrics from "../metrics";
import type { PostAction } from "../post_action";
import type { Status } from "../status";
import * as statuses from "../status";
import * as combinations from "./combinations";
import type { AnyDeclaration, Plugin } from "./contract";
import * as logs from "./logs";
import { DECLARATIONS } from "./own_plugins";
import * as placement from "./placement";
import * as recording from "./recording";
import { PLUGINS } from "./registry";
import type { Route, RouteOptions } from "./routes";
import * as routes from "./routes";
import * as upstreams from "./upstreams";

export type { Route };

export interface Gateway {
    readonly metrics: Metrics;
    readonly admin: Admin;
    readonly status: Status;
    /** Nothing where purges are not kept. */
    readonly purges: Purges | undefined;
    readonly balancers: LuaTable<string, Balancer>;
    readonly routes: LuaTable<string, Route>;
    readonly logs: PostAction[];
    readonly faults: Faults;
    /** Whether any route has a plugin that works in these phases. */
    filters_headers: boolean;
    balances: boolean;
}

/** The `lua_shared_dict` of the gateway. */
export const DICT = "openclaw";

const ANY_TABLE = kinds.anything("table");

/** The options of `setup`. */
export const SCHEMA = {
    upstreams: option(
        map_of(ANY_TABLE),
        new LuaTable(),
        "name → the options of a [balancer](balancer.md), without `name` and `dict`",
    ),
    routes: option(map_of(ANY_TABLE), new LuaTable(), "name → what a route does, below"),
    log: schemas.optional(
        ANY_TABLE,
        "sinks of the request records, and the slow log's options; see [post_action](post_action.md)",
    ),
    metrics: defaulted(metrics.SCHEMA, "the options of [metrics](metrics.md)"),
    admin: defaulted(admins.SCHEMA, "the options of [admin](admin.md), without `upstreams` and `limits`"),
    cache: defaulted(purge_lists.SCHEMA, "what concerns the [cache](cache.md#purge) of all routes"),
    status: defaulted(statuses.SCHEMA, "the options of [status](status.md), without `upstreams` and `routes`"),
    plugins: option(DECLARATIONS, [], "your own [plugins](plugins.md), each of which routes may have by its name"),
};

type Given = schemas.Values<typeof SCHEMA>;

/** Calls a function. If it raises, adds the error to the problems and returns nothing. */
function attempt<Made>(problems: Problems, part: (this: void) => Made): Made | undefined {
    const [ok, made] = pcall(part);
    if (ok) return made;
    problems.push(tostring(made));
    return undefined;
}

/** The built-in plugins and those of the user. Adds a problem if two have the same name. */
function all_plugins(given: Given, recorders: readonly AnyDeclaration[], problems: Problems): AnyDeclaration[] {
    const all: AnyDeclaration[] = [];
    const known = new LuaSet<string>();
    for (const name of ["upstream", "plugins"]) known.add(name);
    for (const list of [PLUGINS, recorders, given.plugins]) {
        for (const declaration of list) {
            const { name } = declaration;
            if (known.has(name))
                problems.push(`setup: plugins: the name "${name}" is taken; another plugin has it, or the gateway`);
            else all.push(declaration);
            known.add(name);
        }
    }
    return all;
}

/** A table of objects as one of a type with fewer methods: TypeScript's tables are not covariant. */
function of_any<Part, Whole extends Part>(all: LuaTable<string, Whole>): LuaTable<string, Part> {
    return all as unknown as LuaTable<string, Part>;
}

/** Reads all routes, and adds what is wrong to the problems. */
function read_routes(
    given: Given,
    declarations: readonly AnyDeclaration[],
    problems: Problems,
): LuaTable<string, RouteOptions> {
    const schema = routes.schema_of(declarations);
    const known = new LuaSet<string>();
    for (const [name] of given.upstreams) known.add(name);
    const stores = new LuaSet<string>();
    const all = new LuaTable<string, RouteOptions>();
    for (const name of names.sorted(given.routes)) {
        const path = problem.child("setup: routes", name);
        const options = routes.read(schema, given.routes.get(name), path, known, problems);
        if (options !== undefined) {
            const has_own = given.plugins.length > 0 || options.plugins !== undefined;
            combinations.check(path, options, stores, has_own, problems);
            all.set(name, options);
        }
    }
    return all;
}

/** Builds the gateway. Raises all problems of the options, one per line. Phases: init. */
export function build(options: unknown): Gateway {
    const problems: Problems = [];
    const read = schemas.read_as_far(SCHEMA, placement.in_setup(options, SCHEMA, problems), "setup:", problems);
    // First, because the labels to keep must be known before any series is made.
    const figures = attempt(problems, () => metrics.create(read.metrics, "setup: metrics"));
    const balancers = upstreams.make_all(read.upstreams, problems);
    const log = logs.read(read.log, problems);
    const sinks = logs.make_sinks(log, problems);
    const limits = new LuaTable<string, Limits>();
    const purges = attempt(problems, () => purge_lists.new(read.cache, DICT, "setup: cache"));
    const cached: string[] = [];
    const admin = attempt(problems, () =>
        admins.create(
            read.admin,
            { upstreams: of_any(balancers), limits: of_any(limits), cached, purges },
            "setup: admin",
        ),
    );
    const made_routes = new LuaMap<string, Route>();
    const plugins_of = (route: string) => made_routes.get(route)?.instances;
    const status = attempt(problems, () =>
        statuses.create(read.status, of_any(balancers), names.sorted(read.routes), plugins_of, "setup: status"),
    );
    // Without metrics there are problems, so no route is made.
    const recorders = recording.declarations(figures!, sinks, logs.slow_options(log));
    const declarations = all_plugins(read, recorders, problems);
    const route_options = read_routes(read, declarations, problems);
    problem.raise(problems);
    const faults = fault.new("gateway", metric_registry.open(DICT));
    const gateway: Gateway = {
        metrics: figures!,
        admin: admin!,
        status: status!,
        purges,
        balancers,
        routes: new LuaTable(),
        logs: sinks,
        faults,
        filters_headers: false,
        balances: false,
    };
    const own = new LuaSet<AnyDeclaration>();
    for (const declaration of read.plugins) own.add(declaration);
    for (const name of names.sorted(route_options)) {
        const its_options = route_options.get(name);
        const upstream = its_options.upstream as string | undefined;
        const balancer = upstream === undefined ? undefined : balancers.get(upstream);
        const route = routes.make(declarations, name, its_options, balancer, own, faults, problems);
        gateway.routes.set(name, route);
        made_routes.set(name, route);
        if (route.instances.has("limit")) limits.set(name, route.instances.get("limit") as Limits);
        const cache = route.instances.get("cache") as Cache | undefined;
        if (cache !== undefined) {
            cache.purges = purges;
            const { tier } = cache.store;
            if (purges !== undefined && tier !== undefined) {
                attempt(problems, () => {
                    purge_lists.share(purges, tier, `${problem.child("setup: routes", name)}.cache`);
                });
            }
            cached.push(name);
        }
        if (route.filters_headers) gateway.filters_headers = true;
        if (route.balances) gateway.balances = true;
    }
    problem.raise(problems);
    return gateway;
}

/** The instances of a plugin, one for each route that has one. Phases: any. */
export function instances_of(gateway: Gateway, plugin: string): Plugin[] {
    const all: Plugin[] = [];
    for (const [, route] of gateway.routes) {
        const instance = route.instances.get(plugin) as Plugin | undefined;
        if (instance !== undefined) all.push(instance);
    }
    return all;
}
