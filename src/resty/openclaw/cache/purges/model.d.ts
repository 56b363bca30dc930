/** Types that the parts share. */
import type { Leader } from "../../core/memory/leader";
import type { Region } from "../../core/memory/shared_memory";
import type { Faults } from "../../core/metrics/fault";
import type { Counter } from "../../core/metrics/metric_handles";
import type { Redis } from "../../redis_client";
import type { Filter } from "./filter";
import type { Generations } from "./generations";

/** What was purged. */
export interface Made {
    readonly generation: number;
    /** Whether everything was purged. */
    readonly is_all: boolean;
}

/** Purges that several gateways share. */
export interface SharedState {
    /** Where Redis is. */
    readonly address: string;
    /** Whether this gateway knows all purges of the others, but for those of the last moments. */
    readonly is_in_step: boolean;
    /** After so many seconds the others hold to a purge. */
    readonly delay_seconds: number;
}

/** What is kept. */
export interface State {
    readonly path: string;
    /** How many filters and keys there are. */
    readonly filters: number;
    /** The number of the last purge, and when it was; 0 before the first one. */
    readonly last: number;
    readonly at: WallTime;
    /** Nothing where no other gateway shares them. */
    readonly shared: SharedState | undefined;
}

/** The list that a gateway shares. */
export interface Sharing {
    /** Which list of which Redis; the same for two that are one. */
    readonly place: string;
    readonly address: string;
    readonly redis: Redis;
    /** The key of the list. */
    readonly name: string;
    /** Which worker looks. */
    readonly leader: Leader;
    /** Until when the file is known to have all purges of the list. */
    readonly known_until: Doubles;
    is_at_work: boolean;
}

export interface Purges {
    readonly path: string;
    readonly thread_pool: string;
    readonly region: Region;
    /** Another number after each purge. */
    readonly stamp: Doubles;
    readonly faults: Faults;
    readonly done: Counter;
    readonly failed: Counter;
    /** The stamp of what follows; none that there ever is if it may have changed. */
    seen: number;
    /** The state of the file that was read. */
    file: string;
    epoch: string;
    last: number;
    at: WallTime;
    /** Of the file, as this worker has last read it. */
    known_epoch: string;
    known_last: number;
    all: Generations;
    /** What keys get of requests that no other purge is about. */
    part: string;
    /** Whether there are single keys. */
    has_keys: boolean;
    /** Whether the file is still to be begun. */
    is_lost: boolean;
    /** With whom purges are shared; nothing where they are not. */
    sharing: Sharing | undefined;
    /** What is purged now, and what was last. Phases: content. Never raises. */
    state(): State;
    /** Purges what passes the filter, for all workers. On failure nil and why; then nothing is claimed. Phases: content; yields. */
    add(filter: Filter): Result<Made>;
}
