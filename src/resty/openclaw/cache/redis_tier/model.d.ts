/** Types that the parts of the tier share. */
import type { Gzip } from "../../core/bytes/gzip";
import type { Faults } from "../../core/metrics/fault";
import type { Redis } from "../../redis_client";
import type { Link } from "../../redis_client/link";
import type { Outage } from "../../redis_client/outage";
import type { Figures } from "./figures";

/** The answers of one route in Redis. */
export interface RedisTier {
    readonly link: Link;
    readonly writer: Writer;
    readonly faults: Faults;
    readonly figures: Figures;
    /** What the log says when Redis fails. */
    readonly outage: Outage;
    /** Which keys of which Redis. */
    readonly place: string;
    readonly prefix: string;
    /** Until when all purges of other gateways are known; nothing where none are shared. */
    known_until: Doubles | undefined;
    readonly max_bytes: number;
    readonly timeout_seconds: number;
}

/** An answer that waits. */
export interface Entry {
    readonly tier: RedisTier;
    readonly key: string;
    readonly head: string;
    readonly body: string;
    /** When it stops being fresh. */
    readonly fresh_until: MonotonicTime;
    readonly bytes: number;
    next: Entry | undefined;
}

/** The queue of a worker for one Redis. */
export interface Writer {
    readonly redis: Redis;
    /** One answer is compressed at a time. */
    readonly gzip: Gzip;
    first: Entry | undefined;
    last: Entry | undefined;
    is_at_work: boolean;
    /** Redis refuses to write, though it can be read: until when nothing is written. */
    paused_until: MonotonicTime;
    /** How many milliseconds the clock of the server is ahead of ours; rather too few than too many. */
    ahead: number;
    /** The server whose clock it is, and until when this is taken for true. */
    clock_of: number;
    known_until: MonotonicTime;
}
