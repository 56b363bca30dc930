/** Options of a route that are valid alone but not together. Phases: init. */
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";

/** The options of a route that are checked, as read by their schemas. */
interface RouteOptions {
    readonly edge?: { readonly store: string };
    readonly identity?: { readonly accept?: string; readonly required: boolean; readonly sign?: unknown };
    readonly inference?: { readonly include_usage: boolean };
    readonly body_digest?: { readonly algorithm: string };
    readonly limit?: readonly { readonly tokens?: number }[];
    readonly auth?: { readonly jwt?: Credential; readonly api_key?: Credential };
}

interface Credential {
    readonly from: readonly string[];
}

/** The gateway delivers stored requests itself, and does not store the caller's identity. */
function check_deliveries(path: string, { edge, identity }: RouteOptions, problems: Problems): void {
    const way = identity?.accept;
    if (edge === undefined || way === undefined || identity?.required !== true) return;
    const why = "a kept request is delivered without its client's identity, so each delivery would be refused with 401";
    problems.push(
        `${path}.edge cannot be used with identity.accept = "${way}" unless identity.required = false: ${why}`,
    );
}

/** Stored requests have their address as it came. */
function check_stored_address(path: string, { edge, auth }: RouteOptions, problems: Problems): void {
    if (edge === undefined || auth === undefined) return;
    for (const name of ["jwt", "api_key"] as const) {
        for (const place of auth[name] === undefined ? [] : auth[name].from) {
            if (string.sub(place, 1, 6) === "query:") {
                const why = "the store would keep the credentials in the addresses of requests";
                problems.push(`${path}.auth.${name}.from cannot have "${place}" beside edge: ${why}`);
            }
        }
    }
}

/** The next gateway must get the body that was signed. */
function check_usage(path: string, { inference, identity, body_digest }: RouteOptions, problems: Problems): void {
    if (inference?.include_usage !== true || identity?.sign === undefined) return;
    if (body_digest?.algorithm !== "sha256") return;
    const why = "the next gateway would get another body than the one that is signed";
    problems.push(
        `${path}.inference.include_usage cannot be used with identity.sign and body_digest.algorithm = "sha256": ${why}`,
    );
}

/** Without `inference` nobody knows what a request has used. */
function check_tokens(path: string, { inference, limit }: RouteOptions, problems: Problems): void {
    if (inference !== undefined || limit === undefined) return;
    for (const [index, { tokens }] of ipairs(limit)) {
        if (tokens !== undefined) {
            const why = "which reads from responses how many tokens were used";
            problems.push(`${path}.limit[${index}].tokens needs the option inference in the route, ${why}`);
        }
    }
}

/** If two routes shared a store, one of them would never get its lock, and would deliver nothing. */
function check_store(path: string, { edge }: RouteOptions, stores: LuaSet<string>, problems: Problems): void {
    if (edge === undefined) return;
    if (stores.has(edge.store))
        problem.add(problems, `${path}.edge.store`, "a folder that no other route has", edge.store);
    stores.add(edge.store);
}

/** Adds the problems of a route's options in combination; `stores`: those of the routes before. */
export function check(path: string, given: unknown, stores: LuaSet<string>, problems: Problems): void {
    const options = given as RouteOptions;
    check_deliveries(path, options, problems);
    check_usage(path, options, problems);
    check_stored_address(path, options, problems);
    check_tokens(path, options, problems);
    check_store(path, options, stores, problems);
}
