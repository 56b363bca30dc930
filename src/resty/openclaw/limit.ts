/**
 * Limits how many requests a caller may send in a time: the leaky bucket of nginx's `limit_req`, counted for all workers together, by
 * whoever `auth` has found. See docs/limit.md.
 */
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as metric_registry from "./core/metrics/metric_registry";
import * as json_error from "./core/request/json_error";
import * as rejections from "./core/request/rejection";
import * as request from "./core/request/request";
import type { RequestState } from "./core/request/request_state";
import * as request_state from "./core/request/request_state";
import * as clock from "./core/time/clock";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";
import * as fields from "./limit/fields";
import type { Passage } from "./limit/passage";
import * as passages from "./limit/passage";
import type { Limit, Options } from "./limit/settings";
import * as settings from "./limit/settings";

declare module "./core/request/request_state" {
    interface RequestState {
        /** What has counted the request, so that an internal redirect does not count it again. */
        limited_by?: object | undefined;
    }
}

export interface Limits {
    readonly limits: readonly Limit[];
    readonly faults: Faults;
    /** Counts the request; delays or refuses it if it is beyond a limit. Phases: access; may sleep. Never raises. */
    access(route?: string): void;
    /** Tells the client about limits. Phases: header_filter. Never raises. */
    header_filter?(): void;
    /** Forgets the request, where the plugin is used alone. Phases: log. Never raises. */
    log?(): void;
}

const NAME = "limit";
const CLASS = "openclaw_class";
/** Less than the resolution of nginx's clock. */
const TOLERANCE = 1e-4;

function refuse(limits: Limits, state: RequestState, passage: Passage): never {
    const limit = passage.refused_by!;
    const rate = passage.rate!;
    const seconds = math.max(1, math.ceil(passages.withdraw(limits.limits, limit) - TOLERANCE));
    limit.counters.refused.inc();
    rejections.note(NAME, limit.name);
    fields.note_refusal(state, limit, rate, passage.level, seconds);
    fields.show(state);
    return json_error.respond(429, "rate_limited", `The limit "${limit.name}" is ${rate.text}.`, seconds);
}

function access(this: Limits, route = ""): void {
    const state = request_state.open();
    if (state.limited_by === this) return;
    // A stored request was counted before it was stored.
    if (state.is_delivery === true && state.delivery_of === route) return;
    state.limited_by = this;
    const passage = passages.begin(this.limits, this.faults, state, request.variable(CLASS) ?? "", clock.now());
    if (passage.refused_by !== undefined) return refuse(this, state, passage);
    if (passage.wait > 0) ngx.sleep(passage.wait);
}

function header_filter(this: Limits): void {
    const state = request_state.present();
    if (state !== undefined) fields.show(state);
}

const metatable = { __index: { access } };

function create(options: readonly Options[], { path, route }: Context): Limits {
    const registry = metric_registry.open(options[0]!.dict);
    const limits = settings.limits(options, path, route, registry);
    const plugin: Limits = setmetatable({ limits, faults: fault.new(NAME, registry) }, metatable);
    for (const { headers } of limits) if (headers !== "refused") plugin.header_filter = header_filter;
    return plugin;
}

function log(this: Limits): void {
    const state = request_state.present();
    if (state === undefined) return;
    state.limited_by = undefined;
    fields.forget(state);
}

const declaration = {
    name: NAME,
    meaning: "[limits](limit.md) how many requests callers may send",
    // After `auth`, which says whose request it is; before the body is read.
    order: { access: 270 },
    kind: settings.KIND,
    variables: { [rejections.VARIABLE]: "" },
    create,
};

export const plugin = contract.define_kind(declaration);

/** The plugin alone, from the list of limits in docs/limit.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Limits {
    const limits = contract.alone_kind(declaration, options);
    limits.log = log;
    return limits;
}
export { alone as new };
