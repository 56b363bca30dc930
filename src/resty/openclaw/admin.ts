/** An HTTP API to see and change the nodes and waiting rooms of upstreams while nginx runs, without a reload. */
import type { Call, Upstream } from "./admin/call";
import * as calls from "./admin/call";
import * as paths from "./admin/path";
import { RESOURCES } from "./admin/resources";
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { again, map_of, option, read_or_raise, required } from "./config/schema";
import * as addresses from "./core/http/address";
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
    readonly prefix: string;
    readonly token: Token | undefined;
    readonly requests: Family<Counter>;
    readonly faults: Faults;
    /** Answers a request to the API. Phases: content; yields. Never raises. */
    page(): void;
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
    prefix: option(PREFIX, "/openclaw/upstreams", "the path of the location, as clients send it"),
    token: again(tokens.TOKEN_OPTION),
    token_file: again(tokens.TOKEN_FILE_OPTION),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

const UPSTREAM = kinds.with_methods<Upstream>("an upstream, such as a balancer", [
    "report",
    "change",
    "forget_changes",
]);
/** The options of docs/admin.md. */
export const ALONE_SCHEMA = {
    upstreams: required(
        map_of(UPSTREAM),
        "name → a balancer, or any table with methods `report`, `change` and `forget_changes` like a balancer's; not in `setup`",
    ),
    prefix: again(SCHEMA.prefix),
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

function page(this: Admin): void {
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["X-Content-Type-Options"] = "nosniff";
    const { upstreams, requests, faults } = this;
    const target = paths.read(this.prefix, request.variable("request_uri") ?? "");
    const call: Call = {
        upstreams,
        requests,
        faults,
        method: ngx.req.get_method(),
        upstream: target?.upstream ?? "",
        address: addresses.parse(target?.node ?? "")[0],
    };
    check_access(this, call);
    if (target === undefined) return calls.refuse(call, 404, "not_found", "There is nothing at this address.");
    const resource = RESOURCES[target.kind];
    const method = resource.methods[call.method];
    if (method === undefined) {
        ngx.header.Allow = resource.allow;
        return calls.refuse(call, 405, "method_not_allowed", `This address takes ${resource.allow} only.`);
    }
    const upstream = upstreams.get(call.upstream);
    if (upstream === undefined && target.kind !== "upstreams") {
        return calls.refuse(call, 404, "unknown_upstream", "There is no such upstream.");
    }
    method(call, upstream!);
}

const metatable = { __index: { page } };

/** The API of some upstreams. Raises if the token is invalid. Phases: init. */
export function create(options: Values<typeof SCHEMA>, upstreams: LuaMap<string, Upstream>, path: string): Admin {
    const registry = metric_registry.open(options.dict);
    const fields = {
        upstreams,
        prefix: options.prefix,
        token: tokens.new(path, options),
        requests: metric_registry.counter(
            registry,
            "openclaw_admin_requests_total",
            "Requests to see or change nodes and queues, by method and status.",
            ["method", "status"],
        ),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

/** The API outside `setup`, from the options in docs/admin.md. Raises if one is invalid. Phases: init. */
function alone(options: unknown): Admin {
    const read = read_or_raise(ALONE_SCHEMA, options, NAME);
    return create(read, read.upstreams, NAME);
}
export { alone as new };
