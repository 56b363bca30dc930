/** The tokens that a request has reserved at the budgets of its route, until it is known how many it has used. */
import type { Faults } from "../core/metrics/fault";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as clock from "../core/time/clock";
import * as buckets from "./bucket";
import type { Budget, Limit } from "./limits";
import * as open_reservations from "./open_reservations";
import type { Rate } from "./rate";
import type { Asked } from "./request_tokens";
import * as request_tokens from "./request_tokens";
import * as token_usage from "./token_usage";

/** What is reserved at one budget. */
interface Part {
    readonly limit: Limit;
    readonly budget: Budget;
    readonly rate: Rate;
    readonly key: string;
    /** In tokens. */
    readonly cost: number;
    /** When it has leaked out of the bucket. */
    readonly ends_at: MonotonicTime;
    /** Its number in the notes of this worker. */
    readonly number: number;
}

export interface Reservation {
    readonly asked: Asked;
    readonly parts: Part[];
    /** Of who has reserved it. */
    readonly faults: Faults;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** What it has reserved; nothing without a budget, and after it was settled. */
        reservation?: Reservation | undefined;
    }
}

/** What a request costs at a budget, in tokens. Phases: any. */
export function cost_at(budget: Budget, asked: Asked): number {
    return request_tokens.cost_of(asked, budget.answer_tokens, budget.bytes_per_token);
}

/** Notes that a bucket has taken the tokens. `level`: what was in it before, in seconds. Phases: access; does not yield. */
export function add(
    reservation: Reservation,
    limit: Limit,
    rate: Rate,
    key: string,
    cost: number,
    level: number,
    now: MonotonicTime,
): void {
    const budget = limit.budget!;
    const seconds = cost * rate.interval;
    const ends_at = later(now, level + seconds);
    const number = open_reservations.note(budget.notes, key, seconds, ends_at, now);
    reservation.parts.push({ limit, budget, rate, key, cost, ends_at, number });
    budget.counters.reserved.inc(cost);
}

/** Corrects what is in the bucket of one part, of whose tokens so many were used. */
function settle_part(part: Part, used: number): void {
    const { limit, budget, rate, key, cost, ends_at, number } = part;
    open_reservations.forget(budget.notes, number, ends_at);
    budget.counters.used.inc(used);
    const now = clock.now();
    if (used > cost) {
        buckets.charge(limit.dict, key, rate, now, used - cost);
    } else if (used < cost) {
        budget.counters.returned.inc(cost - used);
        const seconds = open_reservations.unleaked((cost - used) * rate.interval, ends_at, now);
        if (seconds > 0) buckets.give_back(limit.dict, key, seconds);
    }
}

/** Takes the reservation away from the request that has it. */
function take_from(state: RequestState): Reservation | undefined {
    const { reservation } = state;
    state.reservation = undefined;
    return reservation;
}

/** Gives all of it back: the request is refused, or nothing is known of its end. Phases: any but init; does not yield. Never raises. */
export function cancel(state: RequestState): void {
    const reservation = take_from(state);
    if (reservation === undefined) return;
    for (const part of reservation.parts) settle_part(part, 0);
}

/** Gives back what the request at hand has not used, and takes what it has used beyond that. Phases: log. Never raises. */
export function settle(this: void, state: RequestState): void {
    const reservation = take_from(state);
    if (reservation === undefined) return;
    const [what, prompt, completion] = token_usage.of_request(reservation.faults);
    for (const part of reservation.parts) {
        if (what === "tokens") {
            const guess = request_tokens.prompt_of(reservation.asked, part.budget.bytes_per_token);
            settle_part(part, (prompt ?? guess) + completion!);
        } else {
            settle_part(part, what === "reserved" ? part.cost : 0);
        }
    }
}

/**
 * A reservation without parts, of the request with this state. It is settled when the request is forgotten, if nobody has done so before.
 * Phases: access.
 */
export function open(state: RequestState, asked: Asked, faults: Faults): Reservation {
    const reservation: Reservation = { asked, parts: [], faults };
    state.reservation = reservation;
    state.is_unfinished = true;
    return reservation;
}

request_state.when_forgotten(settle);
request_state.when_lost(cancel);
