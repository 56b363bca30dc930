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
import * as passages from "./limit/passage";
import type { Rate } from "./limit/rate";
import type { Place } from "./limit/redis_options";
import * as redis_options from "./limit/redis_options";
import type { Question, Shared } from "./limit/redis_passage";
import * as redis_passages from "./limit/redis_passage";
import * as redis_stores from "./limit/redis_store";
import type { Limit, Options } from "./limit/settings";
import * as settings from "./limit/settings";

declare module "./core/request/request_state" {
    interface RequestState {
        /** What has counted the request, so that an internal redirect does not count it again. */
        limited_by?: object | undefined;
    }
}

export interface Limits {
    /** Those that are counted by this gateway alone. */
    readonly limits: readonly Limit[];
    /** Those that are counted in Redis, if there are any. */
    readonly shared: Shared | undefined;
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
/** For requests that a limit rejects because it cannot count them. */
const SECONDS_UNTIL_REDIS_REPLIES = 5;
/** Less than the resolution of nginx's clock. */
const TOLERANCE = 1e-4;

/** `longest`: seconds until the request would pass all limits. */
function refuse(state: RequestState, limit: Limit, rate: Rate, level: number, longest: number): never {
    const seconds = math.max(1, math.ceil(longest - TOLERANCE));
    limit.counters.refused.inc();
    rejections.note(NAME, limit.name);
    fields.note_refusal(state, limit, rate, level, seconds);
    fields.show(state);
    return json_error.respond(429, "rate_limited", `The limit "${limit.name}" is ${rate.text}.`, seconds);
}

function refuse_uncounted(state: RequestState, limit: Limit): never {
    rejections.note(NAME, limit.name);
    fields.forget(state);
    const message = `The limit "${limit.name}" cannot be checked at the moment.`;
    return json_error.respond(503, "limit_unavailable", message, SECONDS_UNTIL_REDIS_REPLIES);
}

/** Has Redis count a request that has passed the other limits; the seconds that it has to wait. */
function pass_shared(
    shared: Shared,
    state: RequestState,
    its_class: string,
    asked: Question[],
    limits: Limits,
): number {
    const held = passages.held(limits.limits);
    const answer = redis_passages.pass(shared, state, its_class, asked);
    const limit = answer.refused_by;
    if (limit === undefined) return answer.wait;
    passages.release(held);
    if (answer.rate === undefined) return refuse_uncounted(state, limit);
    return refuse(state, limit, answer.rate, answer.level, answer.seconds);
}

function access(this: Limits, route = ""): void {
    const state = request_state.open();
    if (state.limited_by === this) return;
    // A stored request was counted before it was stored.
    if (state.is_delivery === true && state.delivery_of === route) return;
    state.limited_by = this;
    const { limits, shared } = this;
    const its_class = request.variable(CLASS) ?? "";
    const passage = passages.begin(limits, this.faults, state, its_class, clock.now());
    const { refused_by, rate, level } = passage;
    if (refused_by !== undefined) {
        let longest = passages.withdraw(limits, refused_by);
        if (shared !== undefined) {
            longest = math.max(longest, redis_passages.seconds_until_room(shared, state, its_class));
        }
        return refuse(state, refused_by, rate!, level, longest);
    }
    let { wait } = passage;
    if (shared !== undefined) {
        const asked = redis_passages.questions(shared, state, its_class);
        if (asked.length > 0) wait = math.max(wait, pass_shared(shared, state, its_class, asked, this));
    }
    if (wait > 0) ngx.sleep(wait);
}

function header_filter(this: Limits): void {
    const state = request_state.present();
    if (state !== undefined) fields.show(state);
}

const metatable = { __index: { access } };

function shared_of(all: readonly Limit[], place: Place, route: string, faults: Faults): Shared {
    const limits: Limit[] = [];
    const local: Limit[] = [];
    for (const limit of all) {
        if (!limit.is_shared) continue;
        limits.push(limit);
        if (limit.on_error === "local") local.push(limit);
    }
    const prefix = redis_options.key_prefix(place.options, route);
    const store = redis_stores.new(place.options, place.path, prefix, limits[0]!.dict, faults);
    return { limits, local, store, faults };
}

function create(options: readonly Options[], { path, route }: Context): Limits {
    const registry = metric_registry.open(options[0]!.dict);
    const faults = fault.new(NAME, registry);
    const place = redis_options.place_of(options, path);
    const all = settings.limits(options, path, route, place?.options, registry);
    const limits: Limit[] = [];
    for (const limit of all) if (!limit.is_shared) limits.push(limit);
    const shared = place === undefined ? undefined : shared_of(all, place, route, faults);
    const plugin: Limits = setmetatable({ limits, shared, faults }, metatable);
    for (const { headers } of all) if (headers !== "refused") plugin.header_filter = header_filter;
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
