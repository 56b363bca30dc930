/** An HTTP API to see and change upstreams (nodes, waiting rooms) and limits, and to purge the cache, while nginx runs, without a reload. */
import type { Cached } from "./admin/cache";
import * as cache from "./admin/cache";
import type { Call } from "./admin/call";
import * as calls from "./admin/call";
import type { Limited } from "./admin/limits";
import * as limits from "./admin/limits";
import * as paths from "./admin/path";
import type { Upstream } from "./admin/upstreams";
import * as upstreams_of from "./admin/upstreams";
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { again, map_of, option, read_or_raise, required } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import type { Family } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as operator_access from "./core/request/operator_access";
import type { Token } from "./core/request/operator_access/token";
import * as tokens from "./core/request/operator_access/token";
import * as request from "./core/request/request";

export interface Admin {
    readonly upstreams: LuaMap<string, Upstream>;
    /** The limits of routes, by the names of these. */
    readonly limits: LuaMap<string, Limited>;
    readonly cached: Cached;
    readonly prefix: string;
    readonly limits_prefix: string;
    readonly cache_prefix: string;
    readonly token: Token | undefined;
    readonly requests: Family<Counter>;
    readonly faults: Faults;
    /** Answers a request about upstreams. Phases: content; yields. Never raises. */
    page(): void;
    /** Answers a request about limits. Phases: content; yields. Never raises. */
    limits_page(): void;
    /** Answers a request about the cache. Phases: content; yields. Never raises. */
    cache_page(): void;
}

const NAME = "admin";

/** The prefix is compared with the path as clients send it, so it must need no escapes. */
function is_prefix(given: unknown): boolean {
    if (typeof given !== "string") return false;
    const [plain] = string.find(given, "^/[%w/._~-]*[%w._~-]$");
    return plain !== undefined;
}

const PREFIX = kinds.of<string>("path", "a path of plain letters without a slash at its end", is_prefix);

/** The options in `setup`, where the upstreams are known. */
export const SCHEMA = {
    prefix: option(PREFIX, "/openclaw/upstreams", "the path of the location of upstreams, as clients send it"),
    limits_prefix: option(PREFIX, "/openclaw/limits", "the path of the location of limits, as clients send it"),
    cache_prefix: option(PREFIX, "/openclaw/cache", "the path of the location of the cache, as clients send it"),
    token: again(tokens.TOKEN_OPTION),
    token_file: again(tokens.TOKEN_FILE_OPTION),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

const UPSTREAM = kinds.with_methods<Upstream>("an upstream, such as a balancer", [
    "report",
    "change",
    "forget_changes",
]);
const LIMITED = kinds.with_methods<Limited>("an instance of limit", ["report", "change"]);
/** The options of docs/admin.md. */
export const ALONE_SCHEMA = {
    upstreams: required(
        map_of(UPSTREAM),
        "name → a balancer, or any table with methods `report`, `change` and `forget_changes` like a balancer's; not in `setup`",
    ),
    limits: option(
        map_of(LIMITED),
        new LuaTable(),
        "the name of a route → its limits: an instance of [limit](limit.md); not in `setup`",
    ),
    prefix: again(SCHEMA.prefix),
    limits_prefix: again(SCHEMA.limits_prefix),
    cache_prefix: again(SCHEMA.cache_prefix),
    token: again(SCHEMA.token),
    token_file: again(SCHEMA.token_file),
    dict: again(SCHEMA.dict),
};

/** Ends the request unless the client has access. */
function check_access(admin: Admin, call: Call): void {
    const refusal = operator_access.refusal(admin.token, admin.faults);
    if (refusal === undefined) return;
    if (refusal.status === 401) ngx.header["WWW-Authenticate"] = "Bearer";
    calls.refuse(call, refusal.status, refusal.code, refusal.message);
}

/** Ends the request unless the client has access and the path is one of the API; the segments of the path. */
function enter(admin: Admin, call: Call, prefix: string): string[] {
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["X-Content-Type-Options"] = "nosniff";
    check_access(admin, call);
    return paths.parts(prefix, request.variable("request_uri") ?? "") ?? calls.refuse_address(call);
}

function call_of({ requests, faults }: Admin): Call {
    return { requests, faults, method: ngx.req.get_method() };
}

function page(this: Admin): void {
    const call = call_of(this);
    upstreams_of.answer(call, this.upstreams, enter(this, call, this.prefix));
}

function limits_page(this: Admin): void {
    const call = call_of(this);
    limits.answer(call, this.limits, enter(this, call, this.limits_prefix));
}

function cache_page(this: Admin): void {
    const call = call_of(this);
    cache.answer(call, this.cached, enter(this, call, this.cache_prefix));
}

const metatable = { __index: { page, limits_page, cache_page } };

/** What the API is about. All but the upstreams may be added later. */
export interface Subjects {
    readonly upstreams: LuaMap<string, Upstream>;
    /** The limits of routes, by the names of these. */
    readonly limits: LuaMap<string, Limited>;
    /** The routes with a cache. */
    readonly cached: readonly string[];
    readonly purges: Cached["purges"];
}

/** The API of these subjects. Raises if the token is invalid. Phases: init. */
export function create(options: Values<typeof SCHEMA>, subjects: Subjects, path: string): Admin {
    const registry = metric_registry.open(options.dict);
    const { upstreams, cached, purges } = subjects;
    const fields = {
        upstreams,
        limits: subjects.limits,
        cached: { registry, routes: cached, purges },
        prefix: options.prefix,
        limits_prefix: options.limits_prefix,
        cache_prefix: options.cache_prefix,
        token: tokens.new(path, options),
        requests: metric_registry.counter(
            registry,
            "openclaw_admin_requests_total",
            "Requests to see or change nodes, queues, limits and the cache, by method and status.",
            ["method", "status"],
        ),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

/** The API outside `setup`, from the options in docs/admin.md. Raises if one is invalid. Phases: init. */
function alone(options: unknown): Admin {
    const read = read_or_raise(ALONE_SCHEMA, options, NAME);
    return create(read, { upstreams: read.upstreams, limits: read.limits, cached: [], purges: undefined }, NAME);
}
export { alone as new };
