/** A small HTTP API by which an operator sees and changes the nodes of upstreams while nginx runs, without a reload. */
import * as addresses from "./address";
import * as calls from "./admin/call";
import type { Call, Upstream } from "./admin/call";
import * as paths from "./admin/path";
import { RESOURCES } from "./admin/resources";
import * as fault from "./fault";
import type { Faults } from "./fault";
import type { Counter } from "./metric_handles";
import * as metric_registry from "./metric_registry";
import type { Family } from "./metric_registry";
import * as operator_access from "./operator_access";
import * as tokens from "./operator_access/token";
import type { Token } from "./operator_access/token";
import * as read from "./options";
import * as request from "./request";

export interface Admin {
    readonly upstreams: LuaTable<string, Upstream>;
    readonly prefix: string;
    readonly token: Token | undefined;
    readonly requests: Family<Counter>;
    readonly faults: Faults;
    /** Answers a request to the API. Phases: content; yields. Never raises. */
    page(): void;
}

const NAME = "admin";
const OPTIONS = ["upstreams", "prefix", "token", "token_file", "dict"];
const UPSTREAM_METHODS = ["report", "change", "forget_changes"];
const DEFAULT_PREFIX = "/openclaw/upstreams";

/** Sees to it that the client may do what it asks for; ends the request otherwise. */
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
    const upstream = upstreams.get(call.upstream) as Upstream | undefined;
    if (upstream === undefined && target.kind !== "upstreams") {
        return calls.refuse(call, 404, "unknown_upstream", "There is no such upstream.");
    }
    method(call, upstream!);
}

const metatable = { __index: { page } };

function read_upstreams(options: read.Options): LuaTable<string, Upstream> {
    const given = read.group(NAME, options, "upstreams");
    if (given === undefined) read.refuse(NAME, "upstreams", "a table of upstreams by name", given);
    const upstreams = new LuaTable<string, Upstream>();
    for (const [name, upstream] of pairs(given)) {
        if (type(name) !== "string" || name === "") {
            read.refuse(NAME, "upstreams", "a table whose keys are names", name);
        }
        if (type(upstream) !== "table")
            read.refuse(NAME, `upstreams.${name}`, "an upstream, such as a balancer", upstream);
        for (const method of UPSTREAM_METHODS) {
            const has_it = type((upstream as Record<string, unknown>)[method]) === "function";
            if (!has_it) error(`${NAME}: "upstreams.${name}" must have a method ${method}, as a balancer has`, 0);
        }
        upstreams.set(name, upstream as Upstream);
    }
    return upstreams;
}

function read_prefix(options: read.Options): string {
    const prefix = read.text(NAME, options, "prefix", DEFAULT_PREFIX);
    // Compared with what clients send, where each of these letters stands for itself.
    const [plain] = string.find(prefix, "^/[%w/._~-]*[%w._~-]$");
    if (plain === undefined) read.refuse(NAME, "prefix", "a path of plain letters without a slash at its end", prefix);
    return prefix;
}

/** The API over some upstreams; see docs/admin.md for the options. Raises when one is wrong. Phases: init. */
function create(options: unknown): Admin {
    // What stands in the place of the table may be the token.
    if (type(options) !== "table") error(`${NAME}: options must be a table, got a ${type(options)}`, 0);
    const given = read.check(NAME, options, OPTIONS);
    const registry = metric_registry.open(read.text(NAME, given, "dict", "openclaw"));
    const fields = {
        upstreams: read_upstreams(given),
        prefix: read_prefix(given),
        token: tokens.new(NAME, given),
        requests: metric_registry.counter(
            registry,
            "openclaw_admin_requests_total",
            "Requests to see or change nodes, by method and status.",
            ["method", "status"],
        ),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable) as unknown as Admin;
}
export { create as new };
