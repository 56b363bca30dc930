/** What the parts of `edge` have in common: the jobs of a route, and their delivery. */
import type { Faults } from "../core/metrics/fault";
import type { File } from "../core/files/files";
import type { Answers } from "./delivery/answers";
import type { Backlog } from "./delivery/backlog";
import type { Schedule } from "./delivery/schedule";
import type { Figures } from "./jobs/figures";
import type { Mark } from "./jobs/mark";
import type { Settings } from "./jobs/settings";
import type { Link } from "./link";
import type { Store } from "./store";
import type { Clients } from "./store/client";
import type { Reserve } from "./store/reserve";
import type { Usage } from "./store/usage";

/** What a store holds at the moment. */
export interface Report {
    readonly pending: number;
    readonly done: number;
    readonly failed: number;
    readonly pending_bytes: number;
    readonly done_bytes: number;
    readonly oldest_seconds: number;
}

export interface Jobs {
    readonly settings: Settings;
    readonly store: Store;
    readonly usage: Usage;
    readonly clients: Clients;
    readonly figures: Figures;
    readonly faults: Faults;
    readonly link: Link;
    readonly mark: Mark;
    readonly reserve: Reserve;
    readonly delivery: Delivery;
    /** Keeps the request at hand as a job, and answers. Phases: content; yields; never returns. */
    accept(): never;
    /**
     * Tells a delivery that it got no answer: instead of `accept`, where the mark is no longer on the request.
     * `was_reached`: the other end was there to take it. Phases: content; never returns.
     */
    decline(was_reached: boolean): never;
    /** Answers for the job of that id, which may be any text; false when nothing of it is kept here. Phases: content; yields; returns only then. */
    page(id: string): boolean;
    /** Answers for a job of which nothing is kept anywhere. Phases: content; never returns. */
    miss(id: string): never;
    /** Whether the request at hand is a delivery by this gateway. Phases: all with a request. */
    is_delivery(): boolean;
    /** What the store holds. Phases: any. */
    report(): Report;
    /** Makes the store's folders and begins to deliver. Phases: init_worker. */
    init_worker(): void;
    /** Lets another worker deliver. Phases: exit_worker. */
    exit_worker(): void;
}

export interface Delivery {
    readonly jobs: Jobs;
    /** What is known of the store; nothing before the first look at it. */
    backlog: Backlog;
    answers: Answers;
    callbacks: Callbacks;
    has_looked: boolean;
    /** How many jobs had been announced when they were last looked for. */
    announced: number;
    /** When they are counted next, by `clock`. */
    count_at: number;
    /** When what nobody finished is removed next, by `clock`. */
    sweep_at: number;
    /** How many had ever been begun, and since when that is so, by `clock`. */
    begun: number;
    begun_at: number;
    /** Held by the worker that delivers. */
    lock: File | undefined;
    /** When the lock was last tried, by `clock`. */
    tried_at: number;
    /** Deliveries that may begin at once, and since when, by `clock`. */
    allowance: number;
    allowed_at: number;
    /** Deliveries in a row that did not come about, and until when the next one waits, by `clock`. */
    failures: number;
    paused_until: number;
    is_busy: boolean;
    is_watched: boolean;
}

export interface Callbacks {
    readonly jobs: Jobs;
    /** By the times at which it is their turn, by `clock`. */
    readonly due: Schedule;
    /** Those that wait or are being sent. */
    readonly known: LuaSet<string>;
    flying_count: number;
}
