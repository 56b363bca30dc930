/** Builds routes: reads their options, makes the instances of their plugins, and chains these. Phases: init. */
import type { Balancer } from "../balancer";
import * as kinds from "../config/kinds";
import * as names from "../config/names";
import * as nearest from "../config/nearest";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Schema } from "../config/schema";
import { optional } from "../config/schema";
import * as schemas from "../config/schema";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import * as image_checks from "../image_check";
import type { Chain, Placed } from "./composition";
import * as composition from "./composition";
import type { AnyDeclaration, Plugin, Reading } from "./contract";
import * as declaration_check from "./declaration_check";
import { PHASE_TABLES } from "./own_plugins";
import * as placement from "./placement";
import type { Requirements } from "./requirements";
import * as requirements from "./requirements";

/** A route's function for each phase: it calls its plugins' methods of that name in order. */
export interface Route {
    readonly name: string;
    readonly upstream: string | undefined;
    readonly access: Chain;
    /** Whether another attempt may begin. */
    readonly before_balance: Chain;
    readonly balance: Chain;
    readonly header_filter: Chain;
    readonly body_filter: Chain;
    readonly log: Chain;
    /** Whether a plugin works in the phase header_filter. */
    readonly filters_headers: boolean;
    /** Whether a plugin works in the phases around the choice of a node. */
    readonly balances: boolean;
    /** What it needs in nginx.conf. */
    readonly requirements: Requirements;
    /** The instances of its plugins, by their names. */
    readonly instances: LuaTable<string, Plugin>;
}

/** A route's options as its schema reads them: `upstream`, `plugins`, and one for each plugin. */
export type RouteOptions = Record<string, unknown>;

/** Requests wait before they are signed and changed for a node. */
const ROOM_ORDER = { admitted: 50 };

const OWN = {
    upstream: optional(kinds.text, "the upstream that `balance()` without a name uses; one of `upstreams`"),
    plugins: optional(
        PHASE_TABLES,
        "your own plugins: tables with methods named as phases; see [plugins](plugins.md#a-table-of-methods)",
    ),
};

/** The schema of a route that may have these plugins. */
export function schema_of(declarations: readonly AnyDeclaration[]): Schema {
    const schema: Record<string, schemas.Option<unknown>> = { upstream: schemas.again(OWN.upstream) };
    for (const { name, option } of declarations) schema[name] = schemas.again(option);
    schema.plugins = schemas.again(OWN.plugins);
    return schema;
}

/** Explains an option that belongs in nginx.conf, not in a route, and one that has become a part of another. */
function add_misplaced(given: unknown, path: string, problems: Problems): boolean {
    if (type(given) !== "table") return false;
    const { retry_post, image_check } = given as RouteOptions;
    if (retry_post !== undefined)
        problems.push(
            `${path}.retry_post is said in nginx.conf: include nginx/retry_post.conf in the route's location`,
        );
    if (image_check !== undefined) problems.push(image_checks.in_route(`${path}.image_check`, image_check));
    return retry_post !== undefined || image_check !== undefined;
}

/** The options of a route. If they are wrong, adds to the problems and returns nothing. */
export function read(
    schema: Schema,
    given: unknown,
    path: string,
    upstreams: LuaSet<string>,
    problems: Problems,
): RouteOptions | undefined {
    if (add_misplaced(given, path, problems)) return undefined;
    const before = problems.length;
    const rest = placement.in_route(given, schema, path, problems);
    const read_options = schemas.read(schema, rest, path, problems) as RouteOptions | undefined;
    const options = problems.length === before ? read_options : undefined;
    const upstream = options?.upstream as string | undefined;
    if (upstream !== undefined && !upstreams.has(upstream)) {
        const sentence = problem.sentence(`${path}.upstream`, "the name of one of upstreams", upstream);
        const known = names.sorted(upstreams);
        const hint = known.length > 0 ? nearest.or_known(upstream, known) : "setup has no upstreams";
        problems.push(`${sentence}; ${hint}`);
    }
    return options;
}

/** What a plugin raises says which option it is of, unless the plugin forgot. */
function with_path(message: string, path: string): string {
    return string.sub(message, 1, path.length) === path ? message : `${path}: ${message}`;
}

/**
 * The method `log` of a user's plugin: what it raises is a fault, as the plugins after it have to run too, and the request has to be
 * forgotten.
 */
function guarded_log(plugin: Plugin, name: string, route_name: string, faults: Faults): unknown {
    const method = plugin.log;
    if (method === undefined) return undefined;
    const subject = `"${name}" of the route "${route_name}"`;
    return (instance: Plugin, route: string): void => {
        guard.call_for(faults, "log", subject, method as never, instance as never, route as never);
    };
}

/** Makes the instances; adds to the problems what those raise. */
function place_all(
    declarations: readonly AnyDeclaration[],
    name: string,
    options: RouteOptions,
    upstream: Balancer | undefined,
    instances: LuaTable<string, Plugin>,
    own: LuaSet<AnyDeclaration>,
    faults: Faults,
    problems: Problems,
): Placed[] {
    const placed: Placed[] = [];
    for (const declaration of declarations) {
        const is_own = own.has(declaration);
        const context = {
            path: problem.child(problem.child("setup: routes", name), declaration.name),
            route: name,
            upstream,
        };
        const [ok, made] = pcall(declaration.create, options[declaration.name], context);
        if (!ok) {
            problems.push(with_path(tostring(made), context.path));
        } else if (made !== undefined) {
            declaration_check.check_instance(made, context.path, problems);
            const log = is_own ? guarded_log(made, declaration.name, name, faults) : undefined;
            placed.push({ plugin: made, order: declaration.order, log });
            // What a route has without the option is not an instance that anybody asks for.
            if (options[declaration.name] !== undefined) instances.set(declaration.name, made);
        }
    }
    if (upstream?.room !== undefined) placed.push({ plugin: upstream.room, order: ROOM_ORDER });
    // Without numbers these come last: one that raises must not cost the figures and the record of the request.
    for (const plugin of (options.plugins ?? []) as Plugin[]) {
        placed.push({ plugin, order: {}, log: guarded_log(plugin, "plugins", name, faults) });
    }
    return placed;
}

/** The variables that the options of a route and its upstream name. */
function readings_of(
    declarations: readonly AnyDeclaration[],
    options: RouteOptions,
    upstream: Balancer | undefined,
): Reading[] {
    const found: Reading[] = [];
    for (const { name, readings } of declarations) {
        if (readings !== undefined) for (const reading of readings(options[name])) found.push(reading);
    }
    const hashed = upstream?.policy.key_variable;
    if (hashed !== undefined) found.push({ option: "upstream.hash_on", variable: hashed });
    return found;
}

/** The file with the hook body_filter that the route needs; nothing if it needs none. */
function body_filter_file(instances: LuaTable<string, Plugin>, has_steps: boolean): string | undefined {
    // Inference says so itself, of each response that it could not read.
    if (instances.has("inference")) return undefined;
    if (instances.has("cache")) return "cache.conf";
    // The end of the response tells when the node is done, long before a slow client is.
    if (instances.has("bandwidth")) return "bandwidth.conf";
    if (!has_steps) return undefined;
    return instances.has("image") ? "image.conf" : "inference.conf";
}

/** The route of that name, from options that are fine; `own`: the declarations of users. Adds to the problems what its plugins raise. */
export function make(
    declarations: readonly AnyDeclaration[],
    name: string,
    options: RouteOptions,
    upstream: Balancer | undefined,
    own: LuaSet<AnyDeclaration>,
    faults: Faults,
    problems: Problems,
): Route {
    const instances = new LuaTable<string, Plugin>();
    const placed = place_all(declarations, name, options, upstream, instances, own, faults, problems);
    const access = composition.steps(placed, "access");
    composition.append(access, composition.steps(placed, "admitted"));
    const before_balance = composition.steps(placed, "before_balance");
    const balance = composition.steps(placed, "balance");
    const header_filter = composition.steps(placed, "header_filter");
    const body_filter = composition.steps(placed, "body_filter");
    const present: AnyDeclaration[] = [];
    for (const declaration of declarations) if (instances.has(declaration.name)) present.push(declaration);
    const readings = readings_of(present, options, upstream);
    return {
        name,
        upstream: options.upstream as string | undefined,
        access: composition.chain(access, name),
        before_balance: composition.declining_chain(before_balance, name),
        balance: composition.chain(balance, name),
        header_filter: composition.chain(header_filter, name),
        body_filter: composition.chain(body_filter, name),
        log: composition.chain(composition.steps(placed, "log"), name),
        filters_headers: header_filter.length > 0,
        balances: before_balance.length + balance.length > 0,
        requirements: requirements.new(
            name,
            present,
            access.length > 0,
            header_filter.length > 0,
            body_filter_file(instances, body_filter.length > 0),
            readings,
        ),
        instances,
    };
}
