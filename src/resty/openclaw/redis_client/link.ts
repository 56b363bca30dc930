/**
 * One Redis of a plugin, as a worker knows it, whatever routes use it: how many questions are under way, and whether it replies. While it
 * does not, no request waits for it: a timer asks in between, as soon as there are requests again.
 */
import type { Faults } from "../core/metrics/fault";
import type { RequestState } from "../core/request/request_state";
import * as clock from "../core/time/clock";
import type { Redis } from "./connection";
import type { Places } from "./places";
import * as places from "./places";

declare module "../core/request/request_state" {
    interface RequestState {
        /** Where its question to Redis is under way, and its place there. */
        asks_by?: Link | undefined;
        place_of_question?: number | undefined;
    }
}

export interface Link {
    readonly redis: Redis;
    /** Those of the questions that are under way. */
    readonly places: Places;
    /** Whether Redis did not reply to the last question. */
    is_failing: boolean;
    /** While it is: when a timer asks again. */
    ask_again_at: MonotonicTime;
    /** How many routes use it. */
    routes: number;
    /** Whether the log says that it fails, so that it has to say when it does no more. */
    is_told: boolean;
}

/** The kind of the faults of a Redis that does not reply. */
export const FAULT = "redis";

/**
 * Gateways that have seen that Redis is back, and those that have not, work differently meanwhile, so this is short. No request waits
 * for it.
 */
const SECONDS_BETWEEN_FAILURES = 0.1;
/** A question that was not even given up in that time was ended from outside. */
const SECONDS_MORE = 0.2;

const links = new LuaMap<string, Link>();

/**
 * The link of one more route of a plugin: that of other routes with the same fingerprint, or else a new one to what `open` makes, with room
 * for so many questions at the same time in each worker. Raises where `open` does. Phases: init.
 */
export function of(plugin: string, fingerprint: string, open: (this: void) => Redis, most_questions: number): Link {
    const name = `${plugin} ${fingerprint}`;
    let link = links.get(name);
    if (link === undefined) {
        link = {
            redis: open(),
            places: places.new(most_questions),
            is_failing: false,
            ask_again_at: 0 as MonotonicTime,
            routes: 0,
            is_told: false,
        };
        links.set(name, link);
    }
    link.routes += 1;
    return link;
}

/** Gives back the place of the question of a request that was ended in the middle. Phases: any with a request. */
export function leave(state: RequestState): void {
    const { asks_by, place_of_question } = state;
    if (asks_by === undefined) return;
    state.asks_by = undefined;
    state.place_of_question = undefined;
    asks_by.places.give_back(place_of_question!);
}

/** Why a request may not ask: too many others do, or Redis has failed while it waited for its turn. */
export type Hindrance = "crowded" | "failing";

/**
 * Waits until `deadline` for a place for the question of a request, which takes `seconds` at most; to be left by `leave`. Returns why it
 * got none, or nothing. Phases: those that may yield; does not yield where the deadline is now.
 */
export function enter(
    link: Link,
    state: RequestState,
    seconds: number,
    deadline: MonotonicTime,
): Hindrance | undefined {
    const place = link.places.take(seconds + SECONDS_MORE, deadline);
    if (place === undefined) return "crowded";
    state.asks_by = link;
    state.place_of_question = place;
    if (!link.is_failing) return undefined;
    leave(state);
    return "failing";
}

/** Counts a fault. Whether it gets a line in the log, in which each kind has one a minute. Phases: any. */
export function report(faults: Faults, sentence: string): boolean {
    const before = faults.next_line.get(FAULT);
    faults.report(FAULT, sentence);
    return faults.next_line.get(FAULT) !== before;
}

/** Redis has not replied; `is_told`: whether the log says so. No request asks until it replies to a timer. Phases: any. */
export function fail(link: Link, is_told: boolean): void {
    link.is_failing = true;
    link.ask_again_at = later(clock.now(), SECONDS_BETWEEN_FAILURES);
    if (is_told) link.is_told = true;
}

/** Redis has replied; `sentence`: what the log of the plugin says, if it has said that it did not. Phases: any. */
export function recover(link: Link, plugin: string, sentence: string): void {
    if (!link.is_failing) return;
    link.is_failing = false;
    if (!link.is_told) return;
    link.is_told = false;
    ngx.log(ngx.NOTICE, plugin, ": ", FAULT, ": ", sentence);
}

interface User {
    readonly link: Link;
    readonly faults: Faults;
}

function probe<Its extends User>(
    this: void,
    premature: boolean,
    user: Its,
    ask: (this: void, user: Its) => void,
): void {
    if (premature) return;
    ask(user);
    user.link.ask_again_at = later(clock.now(), SECONDS_BETWEEN_FAILURES);
}

/**
 * Whether Redis is to be asked now. If it is not, a timer may do it: it calls `ask`, which takes `seconds` at most, and calls `fail` or
 * `recover`. `address`: for the log. Phases: any with a request or a timer; does not yield.
 */
export function may_ask<Its extends User>(
    user: Its,
    ask: (this: void, user: Its) => void,
    seconds: number,
    address: string,
): boolean {
    const { link } = user;
    if (!link.is_failing) return true;
    const now = clock.now();
    if (now < link.ask_again_at) return false;
    link.ask_again_at = later(now, seconds + SECONDS_MORE);
    const [ok, err] = ngx.timer.at(0, probe, user, ask);
    if (!ok) user.faults.report(FAULT, `Redis at ${address} is not asked again: `, err);
    return false;
}
