/** Options of a route that are valid alone but not together. Phases: init. */
import * as names from "../config/names";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";

/** The options of a route that are checked, as read by their schemas. */
interface RouteOptions {
    readonly edge?: { readonly store: string };
    readonly identity?: { readonly accept?: string; readonly required: boolean; readonly sign?: unknown };
    readonly inference?: { readonly include_usage: boolean };
    readonly body_digest?: { readonly algorithm: string };
    readonly limit?: readonly LimitOptions[];
    readonly bandwidth?: LuaTable<string, unknown>;
    readonly class?: string;
    readonly auth?: AuthOptions;
    readonly cache?: object;
    readonly image?: { readonly near?: object; readonly converted_by?: unknown };
}

interface Credential {
    readonly from: readonly string[];
}

interface AuthOptions {
    readonly jwt?: Credential & { readonly class_claim?: string; readonly tenant_claim?: string };
    readonly api_key?: Credential;
    readonly all: boolean;
}

interface LimitOptions {
    readonly by: string;
    readonly tokens?: number;
    readonly class?: LuaTable<string, unknown>;
}

/** The class of callers that have no other one. */
const STANDARD = "standard";

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

/** What a limit needs to know its callers; nothing where the route has it. */
function missing_for(by: string, auth: AuthOptions | undefined): string | undefined {
    const has_keys = auth?.api_key !== undefined;
    if (by === "identity") return auth === undefined ? "the option auth" : undefined;
    if (by === "tenant" && !has_keys && auth?.jwt?.tenant_claim === undefined) {
        return "auth.api_key or auth.jwt.tenant_claim";
    }
    if (by !== "key" || (has_keys && !auth.all)) return undefined;
    return has_keys ? "auth.api_key without auth.all, with which the token says who asks," : "auth.api_key";
}

/** Without `auth` nobody knows who asks, and all callers would count by their addresses, or not at all. */
function check_callers(path: string, options: RouteOptions, problems: Problems): void {
    for (const [index, limit] of ipairs(options.limit ?? [])) {
        const { by } = limit;
        const missing = missing_for(by, options.auth);
        if (missing !== undefined) {
            const instead =
                by === "key"
                    ? ""
                    : `; by = "$openclaw_${by}" is for a variable that nginx.conf or a plugin of yours sets`;
            problems.push(`${path}.limit[${index}].by = "${by}" needs ${missing} in the route${instead}`);
        }
    }
}

/** Adds a problem for each class of a table but "standard". */
function refuse_classes(classes: LuaTable<string, unknown> | undefined, path: string, problems: Problems): void {
    if (classes === undefined) return;
    for (const name of names.sorted(classes)) {
        if (name !== STANDARD) {
            problems.push(
                `${problem.child(path, name)} needs the option class, auth.api_key or auth.jwt.class_claim in the route, ` +
                    "got none of them, so all callers are of the class standard",
            );
        }
    }
}

/** Without any of these all callers have the same class. */
function check_classes(path: string, options: RouteOptions, problems: Problems): void {
    const { auth, limit, bandwidth } = options;
    if (options.class !== undefined || auth?.api_key !== undefined || auth?.jwt?.class_claim !== undefined) return;
    for (const [index, its] of ipairs(limit ?? []))
        refuse_classes(its.class, `${path}.limit[${index}].class`, problems);
    refuse_classes(bandwidth, `${path}.bandwidth`, problems);
}

/** The cache keeps the answers that near hits get. */
function check_near(path: string, { image, cache }: RouteOptions, problems: Problems): void {
    if (image?.near === undefined || cache !== undefined) return;
    problems.push(`${path}.image.near needs the option cache in the route, which keeps the answers`);
}

/** Without these nobody's identity is verified, so nobody would be believed. */
function check_converted_by(path: string, { image, identity, auth }: RouteOptions, problems: Problems): void {
    if (image?.converted_by === undefined || auth !== undefined || identity?.accept !== undefined) return;
    const why = "which verifies who says that an image was converted";
    problems.push(`${path}.image.converted_by needs identity.accept or the option auth in the route, ${why}`);
}

/** If two routes shared a store, one of them would never get its lock, and would deliver nothing. */
function check_store(path: string, { edge }: RouteOptions, stores: LuaSet<string>, problems: Problems): void {
    if (edge === undefined) return;
    if (stores.has(edge.store))
        problem.add(problems, `${path}.edge.store`, "a folder that no other route has", edge.store);
    stores.add(edge.store);
}

/**
 * Adds the problems of a route's options in combination; `stores`: those of the routes before; `has_own`: whether plugins of the user may
 * say who asks.
 */
export function check(
    path: string,
    given: unknown,
    stores: LuaSet<string>,
    has_own: boolean,
    problems: Problems,
): void {
    const options = given as RouteOptions;
    check_deliveries(path, options, problems);
    check_usage(path, options, problems);
    check_stored_address(path, options, problems);
    check_tokens(path, options, problems);
    if (!has_own) {
        check_callers(path, options, problems);
        check_classes(path, options, problems);
        check_converted_by(path, options, problems);
    }
    check_near(path, options, problems);
    check_store(path, options, stores, problems);
}
