/**
 * Keeps whose token is whose, so that a token that comes again costs no cryptography but its SHA-256. The tokens themselves are not kept.
 */
import type { LruCache } from "resty.lrucache";
import * as lrucache from "resty.lrucache";
import type { Digest } from "../../core/bytes/digest";
import * as digests from "../../core/bytes/digest";
import type { Caller } from "../model";

interface Entry {
    readonly caller: Caller;
    /** It counts between these moments only: the clock may have been set. */
    readonly from: WallTime;
    readonly until: WallTime;
}

export interface VerifiedTokens {
    readonly sha256: Digest;
    /** Made for the first token: it takes half a megabyte. */
    entries: LruCache<Entry> | undefined;
    /** Of the keys that the tokens were verified with. */
    generation: number;
    /** What a token is kept by; nothing when OpenSSL fails. Phases: any. */
    id_of(token: string): string | undefined;
    /** Whose token it is; nothing unless it was verified with keys of that generation, and may still be used. Phases: any. */
    get(id: string, generation: number, now: WallTime): Caller | undefined;
    /** Keeps a token until it expires, for a minute at most. Phases: any. */
    keep(id: string, generation: number, caller: Caller, now: WallTime, expires: WallTime): void;
    /** How many are kept. */
    count(): number;
}

const MOST_TOKENS = 10000;
const MOST_SECONDS = 60;

function id_of(this: VerifiedTokens, token: string): string | undefined {
    const [id] = this.sha256.bytes_of(token);
    return id;
}

function get(this: VerifiedTokens, id: string, generation: number, now: WallTime): Caller | undefined {
    const entries = this.entries;
    if (entries === undefined || generation !== this.generation) return undefined;
    const entry = entries.get(id);
    if (entry === undefined || now < entry.from || now >= entry.until) return undefined;
    return entry.caller;
}

function keep(
    this: VerifiedTokens,
    id: string,
    generation: number,
    caller: Caller,
    now: WallTime,
    expires: WallTime,
): void {
    this.entries ??= lrucache.new<Entry>(MOST_TOKENS);
    if (generation !== this.generation) {
        this.entries.flush_all();
        this.generation = generation;
    }
    const until = math.min(expires, now + MOST_SECONDS) as WallTime;
    this.entries.set(id, { caller, from: now, until });
}

function count(this: VerifiedTokens): number {
    return this.entries?.count() ?? 0;
}

const metatable = { __index: { id_of, get, keep, count } };

/** A store for the tokens of one verifier. Phases: init. */
function create(): VerifiedTokens {
    return setmetatable({ sha256: digests.new("sha256"), entries: undefined, generation: 0 }, metatable);
}
export { create as new };
