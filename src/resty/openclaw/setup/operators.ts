/** Makes what operators look at: the API over all upstreams, and the status of all there is. */
import * as admin from "../admin";
import type { Admin } from "../admin";
import type { Balancer } from "../balancer";
import type * as read from "../options";
import * as status from "../status";
import type { Status } from "../status";
import { named_groups } from "./groups";

/** The API over all upstreams. Raises when an option is wrong. Phases: init. */
export function read_admin(options: read.Options, balancers: LuaTable<string, Balancer>): Admin {
    const given = (options.admin ?? {}) as read.Options;
    // What stands in the place of the table may be the token.
    if (type(given) !== "table") error(`setup: "admin" must be a table, got a ${type(given)}`, 0);
    if (given.upstreams !== undefined) error('setup: admin: "upstreams" must be left out; it has all of them', 0);
    const all: Record<string, unknown> = { upstreams: balancers };
    for (const [name, value] of pairs(given)) all[name] = value;
    return admin.new(all);
}

/** The status of all upstreams and routes. Else as `read_admin`. */
export function read_status(options: read.Options, balancers: LuaTable<string, Balancer>): Status {
    const given = (options.status ?? {}) as read.Options;
    // What stands in the place of the table may be the token.
    if (type(given) !== "table") error(`setup: "status" must be a table, got a ${type(given)}`, 0);
    const routes: string[] = [];
    for (const [name] of named_groups(options, "routes")) routes.push(name);
    const all: Record<string, unknown> = { upstreams: balancers, routes };
    for (const [name, value] of pairs(given)) {
        if (name === "upstreams" || name === "routes") {
            error(`setup: status: "${name}" must be left out; it is known`, 0);
        }
        all[name] = value;
    }
    return status.new(all);
}
