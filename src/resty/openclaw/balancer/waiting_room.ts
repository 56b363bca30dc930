/**
 * The waiting room of an upstream: no more requests are under way than its nodes handle, and the others wait for their turn, before a
 * node is chosen. See docs/waiting_room.md.
 *
 * A request keeps its place from here to its log phase, over retries, fallbacks and internal redirects. A request that waits does
 * nothing until it is woken.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphores from "ngx.semaphore";
import type { Faults } from "../core/metrics/fault";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import type { Waiter as InLine } from "../core/process/line";
import * as cached_answer from "../core/request/cached_answer";
import * as client_watch from "../core/request/client_watch";
import * as json_error from "../core/request/json_error";
import * as rejections from "../core/request/rejection";
import * as request from "../core/request/request";
import * as request_body from "../core/request/request_body";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as time_left from "../core/request/time_left";
import * as clock from "../core/time/clock";
import type { Peer, Policy } from "./model";
import * as capacities from "./waiting_room/capacity";
import * as departures_of from "./waiting_room/departures";
import type { Figures, Result } from "./waiting_room/figures";
import * as figures from "./waiting_room/figures";
import type { Room } from "./waiting_room/look_for_places";
import * as look_for_places from "./waiting_room/look_for_places";
import type { Class } from "./waiting_room/places";
import * as places_of from "./waiting_room/places";
import type { Refusals } from "./waiting_room/refusals";
import * as refusals_of from "./waiting_room/refusals";
import type { Options } from "./waiting_room/settings";
import * as settings from "./waiting_room/settings";

/** A request that waits. */
interface Waiter extends InLine {
    readonly room: WaitingRoom;
    readonly its_class: Class;
    readonly state: RequestState;
    readonly semaphore: Semaphore;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** The room in which it has a place. */
        place_in?: WaitingRoom | undefined;
        /** What it waits as. */
        waiter?: Waiter | undefined;
    }
}

/** What the room looks at of its upstream. */
interface Nodes {
    readonly policy: Policy;
    readonly pool: { readonly peers: readonly Peer[] };
}

export interface WaitingRoom extends Room {
    readonly figures: LuaTable<string, Figures>;
    readonly standard: Class;
    readonly reads_body: boolean;
    readonly refusals: Refusals;
    readonly nodes: Nodes;
    /** Gives the request a place, after a wait if there is none; refuses it if it cannot wait. Phases: access; yields. Never raises. */
    admitted(): void;
}

const NAME = "queue";
const CLASS = "openclaw_class";
const WAITED = "openclaw_queue_seconds";
const SERVICE_UNAVAILABLE = 503;
/** The least and the most that clients are told to wait. */
const LEAST_RETRY_SECONDS = 1;
const MOST_RETRY_SECONDS = 3600;

function wake(this: void, waiter: InLine): void {
    const { state, room, semaphore } = waiter as Waiter;
    // From now on the place is the request's, even if its client leaves before it runs.
    state.place_in = room;
    semaphore.post(1);
}

function refuse(room: WaitingRoom, its_class: Class, result: Result, waited: number): never {
    metric_handles.add(room.figures.get(its_class.name).results[result]);
    rejections.note_refusal(NAME, result);
    refusals_of.note(room.refusals, its_class, result, clock.now());
    request.set_variable(WAITED, string.format("%.3f", waited));
    // Who waits now will have a place or have given up by then.
    const expected = departures_of.expected_wait(room.departures, its_class) ?? its_class.wait_seconds;
    const retry_after = math.min(MOST_RETRY_SECONDS, math.max(LEAST_RETRY_SECONDS, math.ceil(expected)));
    if (result === "full") {
        const message = "Too many requests wait for the nodes already.";
        return json_error.respond(SERVICE_UNAVAILABLE, "queue_full", message, retry_after);
    }
    if (result === "deadline" && waited > 0) return json_error.too_late();
    const message =
        result === "deadline"
            ? "The nodes are busy for longer than the deadline of the request allows."
            : "The nodes were busy for as long as the request may wait.";
    return json_error.respond(SERVICE_UNAVAILABLE, "queue_timeout", message, retry_after);
}

function note_admission(room: WaitingRoom, its_class: Class, result: Result, waited: number): void {
    const its_figures = room.figures.get(its_class.name);
    metric_handles.add(its_figures.results[result]);
    metric_handles.observe(its_figures.seconds, waited);
}

/** Puts the request in line and wakes whose turn it is, which may be this one. */
function join(room: WaitingRoom, its_class: Class, state: RequestState, semaphore: Semaphore): Waiter {
    const now = clock.now();
    const waiter: Waiter = {
        since: now,
        before: undefined,
        after: undefined,
        has_place: false,
        room,
        its_class,
        state,
        semaphore,
    };
    state.waiter = waiter;
    places_of.join(room.places, its_class, waiter);
    look_for_places.admit(room, now);
    if (!waiter.has_place) look_for_places.look_at(room, now);
    return waiter;
}

/** Waits for a place; refuses the request if it gets none. */
function wait(room: WaitingRoom, its_class: Class, state: RequestState): void {
    const now = clock.now();
    departures_of.measure(room.departures, now);
    const { places, faults, upstream } = room;
    const left = time_left.seconds() ?? math.huge;
    if (places_of.waiting_of(places, its_class) >= its_class.size) return refuse(room, its_class, "full", 0);
    if (left < (departures_of.expected_wait(room.departures, its_class) ?? 0)) {
        return refuse(room, its_class, "deadline", 0);
    }
    const [semaphore, err] = semaphores.new(0);
    if (semaphore === undefined) {
        // No memory for it: the nodes may be asked too much, but nobody is refused.
        faults.report("semaphore", 'upstream "', upstream, '": ', err);
        places_of.take(places, its_class);
        state.place_in = room;
        return;
    }
    const waiter = join(room, its_class, state, semaphore);
    if (!waiter.has_place) {
        client_watch.end_if_gone(state);
        semaphore.wait(math.max(0, math.min(its_class.wait_seconds, left)));
    }
    state.waiter = undefined;
    const waited = clock.now() - waiter.since;
    if (waiter.has_place) return note_admission(room, its_class, "waited", waited);
    places_of.leave(places, its_class, waiter);
    return refuse(room, its_class, left < its_class.wait_seconds ? "deadline" : "timeout", waited);
}

/** Gives back what a request has: its place, or its place in line. Phases: any with a request. */
export function leave(state: RequestState): void {
    const { waiter, place_in } = state;
    if (waiter !== undefined) {
        state.waiter = undefined;
        if (!waiter.has_place) {
            places_of.leave(waiter.room.places, waiter.its_class, waiter);
            metric_handles.add(waiter.room.figures.get(waiter.its_class.name).results.left);
        }
    }
    if (place_in === undefined) return;
    state.place_in = undefined;
    places_of.give_back(place_in.places);
    look_for_places.admit(place_in, clock.now());
}

/** Whether the request has a body that may still be on its way. */
function has_body(): boolean {
    if (request.whole_number("content_length") > 0) return true;
    if (request.variable("http_transfer_encoding") !== undefined) return true;
    // From HTTP/2 on a body needs none of these.
    const protocol = request.variable("server_protocol");
    return protocol !== "HTTP/1.1" && protocol !== "HTTP/1.0";
}

function admitted(this: WaitingRoom): void {
    const state = request_state.open();
    if (state.place_in === this) return;
    // After an internal redirect it may have one of another upstream.
    leave(state);
    if (cached_answer.is_expected(state)) return;
    if (this.reads_body && has_body()) request_body.fetch();
    const { places, capacity, nodes } = this;
    // Before the first tick of this worker.
    if (capacity.computed_at === undefined) {
        capacities.begin(capacity, nodes.policy, nodes.pool.peers, clock.now());
    }
    const its_class = (places.by_name.get(request.variable(CLASS) ?? "") as Class | undefined) ?? this.standard;
    if (!places_of.is_free(places, capacities.limit(capacity))) return wait(this, its_class, state);
    places_of.take(places, its_class);
    state.place_in = this;
    note_admission(this, its_class, "at_once", 0);
}

function report_no_access(room: WaitingRoom): void {
    const what = "has a queue, but a location has no access hook, as route.conf has it";
    room.faults.report("no_access", 'upstream "', room.upstream, '" ', what);
}

/**
 * Counts a request in that has no place in this room when a node is to be chosen: its location has no access hook. After an internal
 * redirect it gives back what it has in the room of another upstream. Phases: balancer.
 * @param room nothing for an upstream without a queue
 */
export function count_in(room: WaitingRoom | undefined, state: RequestState): void {
    leave(state);
    if (room === undefined) return;
    // One that was expected to be answered by a cache has not waited.
    if (!cached_answer.is_expected(state)) report_no_access(room);
    places_of.take(room.places, room.standard);
    state.place_in = room;
}

/**
 * Gives the place back of a request that no node answers, such as one from the cache, or whose connection was upgraded, which may stay
 * open for hours. Phases: header_filter.
 */
export function note_first_byte(state: RequestState): void {
    if (state.place_in === undefined) return;
    if (state.peer === undefined || state.is_upgraded === true) leave(state);
}

/** Gives the place back of a request whose response has come: the node does nothing for it any more. Phases: body_filter, at the end. */
export function note_last_byte(state: RequestState): void {
    if (state.place_in !== undefined) leave(state);
}

/** Learns how many places there are, and sees to it that the worker looks for them. Phases: timer; to be called ten times a second. */
export function tick(room: WaitingRoom, now: MonotonicTime): void {
    const { capacity, nodes } = room;
    capacities.begin(capacity, nodes.policy, nodes.pool.peers, now);
    capacities.learn(capacity, nodes.policy, nodes.pool.peers, now);
    look_for_places.tick(room, now);
    refusals_of.tick(room.refusals, now);
}

/** What an operator sees of a class. */
export interface ClassReport {
    readonly name: string;
    readonly weight: number;
    readonly waiting: number;
    readonly size: number;
}

/** What an operator sees of a room. */
export interface RoomReport {
    readonly concurrency: number;
    readonly is_learned: boolean;
    /** Whether an operator has set the number. */
    readonly is_changed: boolean;
    readonly taken: number;
    readonly classes: ClassReport[];
}

/** What the room is like now. Phases: any. */
export function report({ places, capacity }: WaitingRoom): RoomReport {
    const classes: ClassReport[] = [];
    for (const its_class of places.classes) {
        const { name, weight, size } = its_class;
        classes.push({ name, weight, waiting: places_of.waiting_of(places, its_class), size });
    }
    return {
        concurrency: capacities.limit(capacity),
        is_learned: capacities.is_learned(capacity),
        is_changed: capacities.is_changed(capacity),
        taken: places_of.taken(places),
        classes,
    };
}

/** Sets how many requests may be under way, for all workers, until nginx is restarted; 0: as configured. Phases: any. */
export function change({ capacity }: WaitingRoom, concurrency: number): void {
    capacities.change(capacity, concurrency);
}

const metatable = { __index: { admitted } };

/** The room of an upstream. Raises if there is no shared memory. Phases: init. */
function create(registry: Registry, upstream: string, options: Options, nodes: Nodes, faults: Faults): WaitingRoom {
    const { region } = registry;
    const places = places_of.new(region, upstream, settings.classes_of(options), wake);
    const its_figures = new LuaTable<string, Figures>();
    for (const { name } of places.classes) its_figures.set(name, figures.new(registry, upstream, name));
    const capacity = capacities.new(region, upstream, options);
    const room: WaitingRoom = setmetatable(
        {
            upstream,
            places,
            capacity,
            departures: departures_of.new(places),
            figures: its_figures,
            standard: places.by_name.get(settings.STANDARD),
            reads_body: options.read_body,
            refusals: refusals_of.new(upstream, places, capacity),
            faults,
            nodes,
        },
        metatable,
    );
    figures.show(registry, room);
    return room;
}
export { create as new };

request_state.when_lost(leave);
