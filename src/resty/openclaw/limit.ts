/**
 * Limits how many requests a caller may send, and how many tokens it may use, in a time: the leaky bucket of nginx's `limit_req`,
 * counted for all workers together, by whoever `auth` has found. See docs/limit.md.
 */
import * as shared_memory from "./core/memory/shared_memory";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as guard from "./core/metrics/guard";
import type { Registry } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as rejections from "./core/request/rejection";
import * as request from "./core/request/request";
import type { RequestState } from "./core/request/request_state";
import * as request_state from "./core/request/request_state";
import * as clock from "./core/time/clock";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";
import * as fields from "./limit/fields";
import type { Limit } from "./limit/limits";
import * as limits_of from "./limit/limits";
import type { Notes } from "./limit/open_reservations";
import * as open_reservations from "./limit/open_reservations";
import type { Changed, Patch, Report } from "./limit/operator";
import * as operator from "./limit/operator";
import * as outages from "./limit/outage";
import * as passages from "./limit/passage";
import type { Place } from "./limit/redis_options";
import * as redis_options from "./limit/redis_options";
import type { Question, Shared } from "./limit/redis_passage";
import * as redis_passages from "./limit/redis_passage";
import * as redis_stores from "./limit/redis_store";
import * as refusals from "./limit/refusals";
import * as request_tokens from "./limit/request_tokens";
import type { Reservation } from "./limit/reservation";
import * as reservations from "./limit/reservation";
import type { Options } from "./limit/settings";
import * as settings from "./limit/settings";
import * as status_of from "./limit/status";

declare module "./core/request/request_state" {
    interface RequestState {
        /** What has counted the request, so that an internal redirect does not count it again. */
        limited_by?: object | undefined;
    }
}

export interface Limits {
    /** All of them, in the order of the options. */
    readonly all: readonly Limit[];
    /** Those that are counted by this gateway alone. */
    readonly limits: readonly Limit[];
    /** Those that are counted in Redis, if there are any. */
    readonly shared: Shared | undefined;
    readonly faults: Faults;
    readonly registry: Registry;
    /** Counts the request; delays or refuses it if it is beyond a limit. Phases: access; may sleep. Never raises. */
    access(route?: string): void;
    /** The limits and what became of their requests, for the status document. Phases: any but init. */
    status(): object;
    /** Tells the client about limits. Phases: header_filter. Never raises. */
    header_filter?(): void;
    /** Settles its tokens, and gives up its question to Redis; where the plugin is used alone, forgets the request. Phases: log. Never raises. */
    log?(): void;
    /** Looks after the reservations of dead workers; only with limits of tokens. */
    init_worker?(): void;
    /** What the limits are like now. Phases: any. Never raises. */
    report(): Report[];
    /**
     * Changes the rate of a limit, or of a class of its callers, for all workers; without a patch it is as configured again. Returns
     * false if there is no such rate, or with why it was not stored. Phases: those that may yield. Never raises.
     */
    change(name: string, its_class: string | undefined, patch: Patch | undefined): Changed;
}

const NAME = "limit";
const CLASS = "openclaw_class";

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
    reservations.cancel(state);
    if (answer.rate === undefined) return refusals.uncounted(state, limit);
    return refusals.beyond(state, limit, answer.rate, answer.level, answer.seconds);
}

/** Whether the request is to be counted here, and was not before. */
function enter(plugin: Limits, state: RequestState, route: string): boolean {
    if (state.limited_by === plugin) return false;
    // A stored request was counted before it was stored.
    if (state.is_delivery === true && state.delivery_of === route) return false;
    state.limited_by = plugin;
    return true;
}

/** Has the request pass all limits, or refuses it. */
function pass(plugin: Limits, state: RequestState, its_class: string, reservation?: Reservation): void {
    const { limits, shared } = plugin;
    const passage = passages.begin(limits, plugin.faults, state, its_class, clock.now(), 1, reservation);
    const { refused_by, rate, level } = passage;
    if (refused_by !== undefined) {
        if (reservation !== undefined) reservations.cancel(state);
        let longest = passages.withdraw(limits, refused_by);
        if (shared !== undefined) {
            longest = math.max(longest, redis_passages.seconds_until_room(shared, state, its_class));
        }
        return refusals.beyond(state, refused_by, rate!, level, longest);
    }
    let { wait } = passage;
    if (shared !== undefined) {
        const asked = redis_passages.questions(shared, state, its_class);
        if (asked.length > 0) wait = math.max(wait, pass_shared(shared, state, its_class, asked, plugin));
    }
    if (wait > 0) ngx.sleep(wait);
}

function access(this: Limits, route = ""): void {
    const state = request_state.open();
    if (enter(this, state, route)) pass(this, state, request.variable(CLASS) ?? "");
}

/** The same where a limit is one of tokens. */
function access_with_tokens(this: Limits, route = ""): void {
    const state = request_state.open();
    if (!enter(this, state, route)) return;
    // An internal redirect has led here from a route with limits of its own.
    reservations.cancel(state);
    // Nothing else makes tokens.
    if (request.variable("request_method") !== "POST") return pass(this, state, request.variable(CLASS) ?? "");
    const asked = request_tokens.read(this.faults);
    const its_class = request.variable(CLASS) ?? "";
    const [limit, rate, cost] = passages.never_passes(this.limits, state, its_class, asked);
    if (limit !== undefined) return refusals.for_good(state, limit, rate!, cost!);
    const reservation = reservations.open(state, asked, this.faults);
    pass(this, state, its_class, reservation);
}

function header_filter(this: Limits): void {
    const state = request_state.present();
    if (state !== undefined) fields.show(state);
}

/** Ends what is still under way of a request. */
function finish(state: RequestState): void {
    if (state.reservation !== undefined) reservations.settle(state);
    redis_stores.leave(state);
}

function end(this: Limits): void {
    const state = request_state.present();
    if (state !== undefined) finish(state);
}

/** Its workers look after the region from the start, not only when they count. */
function init_worker(this: Limits): void {
    shared_memory.attend(this.registry.region);
}

function status(this: Limits): object {
    const document = status_of.document(this.all);
    return document;
}

function report(this: Limits): Report[] {
    const reports = operator.report(this.all);
    return reports;
}

function change(this: Limits, name: string, its_class: string | undefined, patch: Patch | undefined): Changed {
    const [is_changed, err] = operator.change(this.all, name, its_class, patch);
    return $multi(is_changed, err!);
}

const metatable = { __index: { access, status, report, change } };

function shared_of(all: readonly Limit[], place: Place, route: string, faults: Faults): Shared {
    const limits: Limit[] = [];
    const local: Limit[] = [];
    for (const limit of all) {
        if (!limit.is_shared) continue;
        limits.push(limit);
        if (limit.on_error === "local") local.push(limit);
    }
    const prefix = redis_options.key_prefix(place.options, route);
    const outage = outages.new(place.options, route, limits);
    const store = redis_stores.new(place.options, place.path, prefix, limits[0]!.dict, faults, outage);
    return { limits, local, store, faults };
}

const watched = new LuaSet<Notes>();

/** Has the workers give back what dead ones have reserved. */
function watch_over(notes: Notes, registry: Registry, faults: Faults): void {
    if (watched.has(notes)) return;
    watched.add(notes);
    registry.region.duties.push(() => {
        guard.call(faults, "reservations", open_reservations.sweep, notes);
    });
}

function add_tokens(plugin: Limits, limits: readonly Limit[]): void {
    for (const { budget } of limits) {
        if (budget !== undefined) {
            plugin.access = access_with_tokens;
            plugin.log = end;
            plugin.init_worker = init_worker;
            watch_over(budget.notes, plugin.registry, plugin.faults);
        }
    }
}

function create(options: readonly Options[], { path, route }: Context): Limits {
    const registry = metric_registry.open(options[0]!.dict);
    const faults = fault.new(NAME, registry);
    const place = redis_options.place_of(options, path);
    const all = limits_of.make(options, path, route, place?.options, registry);
    const limits: Limit[] = [];
    for (const limit of all) if (!limit.is_shared) limits.push(limit);
    const shared = place === undefined ? undefined : shared_of(all, place, route, faults);
    const plugin: Limits = setmetatable({ all, limits, shared, faults, registry }, metatable);
    for (const { headers } of all) if (headers !== "refused") plugin.header_filter = header_filter;
    if (shared !== undefined) plugin.log = end;
    add_tokens(plugin, limits);
    return plugin;
}

/** The end of a request, where nobody else forgets it. */
function log(this: Limits): void {
    const state = request_state.present();
    if (state === undefined) return;
    finish(state);
    state.limited_by = undefined;
    fields.forget(state);
}

const declaration = {
    name: NAME,
    meaning: "[limits](limit.md) how many requests callers may send, and how many tokens they may use",
    // Access: after `auth`, which says whose request it is, before the body is read. Log: after `inference`, which says what was used.
    order: { access: 270, log: 250 },
    kind: settings.KIND,
    readings: settings.readings,
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
