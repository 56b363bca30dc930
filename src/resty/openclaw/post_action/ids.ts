/** Ids of entries, by which receivers recognize duplicates. */
import * as random from "../core/bytes/random";

export interface Ids {
    /** Unique for this worker; empty before its first id. */
    origin: string;
    /** The number of ids so far. */
    sequence: number;
}

/** A source of ids. Phases: init. */
function create(): Ids {
    return { origin: "", sequence: 0 };
}
export { create as new };

/**
 * Advances to the next id, which is `origin-sequence`. The origin is the time of the worker's first id and a random number, as workers of
 * other machines may begin at the same time. Phases: any but init.
 */
export function advance(ids: Ids): void {
    if (ids.origin === "") ids.origin = string.format("%x-%x", ngx.now() * 1000, random.share() * 0x100000000);
    ids.sequence += 1;
}

/** The next id. Phases: any but init. */
export function next(ids: Ids): string {
    advance(ids);
    return string.format("%s-%d", ids.origin, ids.sequence);
}

/** The id at the beginning of an entry, which records and pushed tables have; else nothing. Phases: any. */
export function of(line: string): string | undefined {
    const [id] = string.match(line, '^{"id":"([^"\\]+)"');
    return id;
}
