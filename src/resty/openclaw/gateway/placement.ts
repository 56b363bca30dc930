/** Finds options of `setup` that stand in the wrong table, such as `queue` in a route, and says where they belong. Phases: init. */
import * as balancer from "../balancer";
import { take_out } from "../config/misplaced";
import type { Problems } from "../config/problems";
import type { Schema } from "../config/schema";
import { PLUGINS } from "./registry";

const INTO_ROUTE = "it belongs into a route";
const INTO_UPSTREAM = "it belongs into an upstream";

const OF_ROUTES = new LuaSet<string>();
for (const { name } of PLUGINS) OF_ROUTES.add(name);

function is_of_upstreams(name: string): boolean {
    return (balancer.UPSTREAM_SCHEMA as Schema)[name] !== undefined;
}

/** What a table has that may not be one; `own`: its options. */
function without(
    given: unknown,
    own: Schema,
    path: string,
    problems: Problems,
    is_elsewhere: (this: void, name: string) => boolean,
    where: string,
): unknown {
    if (type(given) !== "table") return given;
    const is_misplaced = (name: string): boolean => own[name] === undefined && is_elsewhere(name);
    return take_out(given as object, path, problems, is_misplaced, where);
}

/** The table of an upstream without options of routes, each of which is a problem. */
export function in_upstream(given: unknown, path: string, problems: Problems): unknown {
    return without(given, balancer.UPSTREAM_SCHEMA, path, problems, (name) => OF_ROUTES.has(name), INTO_ROUTE);
}

/** The table of a route without options of upstreams, each of which is a problem; `own`: the options of routes. */
export function in_route(given: unknown, own: Schema, path: string, problems: Problems): unknown {
    return without(given, own, path, problems, is_of_upstreams, INTO_UPSTREAM);
}

/** The table of `setup` without options of routes and upstreams, each of which is a problem; `own`: the options of `setup`. */
export function in_setup(given: unknown, own: Schema, problems: Problems): unknown {
    const rest = without(given, own, "setup:", problems, (name) => OF_ROUTES.has(name), INTO_ROUTE);
    return without(rest, own, "setup:", problems, is_of_upstreams, INTO_UPSTREAM);
}
