/** The current state of the gateway: as JSON for programs, and as a page for people. Read-only. */
import * as built from "resty.openclaw.status.page";
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { again, map_of, option, read_or_raise } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as guard from "./core/metrics/guard";
import * as metric_registry from "./core/metrics/metric_registry";
import * as worker_process from "./core/process/worker_process";
import * as json_error from "./core/request/json_error";
import * as operator_access from "./core/request/operator_access";
import type { Token } from "./core/request/operator_access/token";
import * as tokens from "./core/request/operator_access/token";
import * as request from "./core/request/request";
import * as outputs from "./core/text/json/output";
import * as clock from "./core/time/clock";
import * as time_slice from "./core/time/time_slice";
import type { Subject } from "./status/document_json";
import * as document_json from "./status/document_json";
import * as histories from "./status/history";
import type { Upstream } from "./status/node_json";
import type { Plugins } from "./status/plugin_json";
import * as plugin_json from "./status/plugin_json";

export interface Status extends Subject {
    readonly faults: Faults;
    readonly token: Token | undefined;
    worker_began: MonotonicTime;
    has_begun: boolean;
    /** Begins to take samples in this worker; the pages do it where it was not called. Phases: init_worker. */
    init_worker(): void;
    /** Answers with the status as JSON. Phases: content; yields. Never raises. */
    page(): void;
    /** Answers with the page that shows the status. Else as `page`. */
    dashboard(): void;
}

const NAME = "status";

/** The options in `setup`, where the upstreams and routes are known. */
export const SCHEMA = {
    token: again(tokens.TOKEN_OPTION),
    token_file: again(tokens.TOKEN_FILE_OPTION),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

const UPSTREAM = kinds.with_methods<Upstream>("an upstream, such as a balancer", ["report"]);
/** The options of docs/status.md. */
export const ALONE_SCHEMA = {
    upstreams: option(
        map_of(UPSTREAM),
        new LuaTable<string, Upstream>(),
        "name → a balancer, or any table with a method `report` like a balancer's; not in `setup`",
    ),
    routes: option(
        kinds.list_or_none_of(kinds.text),
        [],
        "names of routes that are shown before anybody counts them; not in `setup`",
    ),
    token: again(SCHEMA.token),
    token_file: again(SCHEMA.token_file),
    dict: again(SCHEMA.dict),
};

const STARTED = "status:started";

function tick(premature: boolean, status: Status): void {
    if (premature) return;
    const yield_if_due = time_slice.paced(time_slice.yield_now);
    guard.call(status.faults, "sample", histories.tick, status.history, clock.now(), yield_if_due);
}

function begin(status: Status): void {
    if (status.has_begun) return;
    status.has_begun = true;
    status.worker_began = clock.now();
    const [ok, err] = ngx.timer.at(0, tick, status);
    const [goes_on, its_err] = ngx.timer.every(histories.STEP_SECONDS, tick, status);
    if (!ok || !goes_on) status.faults.report("timer", err ?? its_err);
}

function init_worker(this: Status): void {
    if (worker_process.is_here()) begin(this);
}

/** Ends requests that may not be answered. */
function check(status: Status): void {
    ngx.header["X-Content-Type-Options"] = "nosniff";
    ngx.header["Referrer-Policy"] = "no-referrer";
    const refusal = operator_access.refusal(status.token, status.faults, true);
    if (refusal !== undefined) {
        if (refusal.status === 401) ngx.header["WWW-Authenticate"] = 'Basic realm="openclaw", charset="UTF-8"';
        json_error.respond(refusal.status, refusal.code, refusal.message);
    }
    const method = ngx.req.get_method();
    if (method !== "GET" && method !== "HEAD") {
        ngx.header.Allow = "GET, HEAD";
        json_error.respond(405, "method_not_allowed", "This address takes GET, HEAD only.");
    }
}

/** Sends a piece, and lets other requests run. */
function send(piece: string): void {
    ngx.print(piece);
    time_slice.yield_now();
}

function page(this: Status): void {
    check(this);
    begin(this);
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["Content-Type"] = "application/json";
    if (ngx.req.get_method() === "HEAD") return;
    const output = outputs.sending(send, time_slice.paced(time_slice.yield_now));
    document_json.write(this, output, request.now(), clock.now());
}

function dashboard(this: Status): void {
    check(this);
    ngx.header["Content-Security-Policy"] = built.content_security_policy;
    // It holds no figures, so browsers may keep it, but ask each time whether they may still show it.
    ngx.header["Cache-Control"] = "no-cache, private";
    // With this nginx answers 304 by itself.
    ngx.header.ETag = built.etag;
    ngx.header["Content-Type"] = "text/html; charset=utf-8";
    ngx.header["Content-Length"] = built.html.length;
    if (ngx.req.get_method() === "HEAD") return;
    ngx.print(built.html);
}

const metatable = { __index: { init_worker, page, dashboard } };

/**
 * The status of some upstreams and routes. Raises when the token is no good. Phases: init.
 * @param plugins_of asked for the plugins of each route that is shown, when it is shown
 */
export function create(
    options: Values<typeof SCHEMA>,
    upstreams: LuaTable<string, Upstream>,
    routes: readonly string[],
    plugins_of: (this: void, route: string) => Plugins | undefined,
    path: string,
): Status {
    const registry = metric_registry.open(options.dict);
    const names = registry.region.names;
    const faults = fault.new(NAME, registry);
    names.safe_add(STARTED, request.now());
    const fields = {
        upstreams,
        routes,
        history: histories.new(registry),
        started: names.get<WallTime>(STARTED)[0],
        worker_began: clock.now(),
        has_begun: false,
        plugins: plugin_json.new(faults, plugins_of),
        faults,
        token: tokens.new(path, options),
    };
    return setmetatable(fields, metatable);
}

/** The status alone, from the options in docs/status.md. Raises when one is wrong. Phases: init. */
function alone(options: unknown): Status {
    const read = read_or_raise(ALONE_SCHEMA, options, NAME);
    return create(read, read.upstreams, read.routes, () => undefined, NAME);
}
export { alone as new };
