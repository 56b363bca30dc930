/** Names for entries, by which receivers tell copies apart. */
import * as random from "../core/bytes/random";

export interface Ids {
    /** Names this worker among all there ever were; empty before its first id. */
    origin: string;
    /** How many ids it has given. */
    sequence: number;
}

/** A source of ids. Phases: init. */
function create(): Ids {
    return { origin: "", sequence: 0 };
}
export { create as new };

/**
 * Goes on to the next id, which is `origin-sequence`: when the worker began to give them and a random number, as other
 * machines have workers too, then how many there were. Phases: any but init.
 */
export function advance(ids: Ids): void {
    if (ids.origin === "") ids.origin = string.format("%x-%x", ngx.now() * 1000, random.share() * 0x100000000);
    ids.sequence += 1;
}

/** The next id as a text. Phases: any but init. */
export function next(ids: Ids): string {
    advance(ids);
    return string.format("%s-%d", ids.origin, ids.sequence);
}

/** The id that an entry begins with, as records and pushed tables do; nothing where it does not. Phases: any. */
export function of(line: string): string | undefined {
    const [id] = string.match(line, '^{"id":"([^"\\]+)"');
    return id;
}
