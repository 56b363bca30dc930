/** Names for entries, by which receivers tell copies apart. */
import * as noise from "../noise";

export interface Ids {
    sequence: number;
    /** Names this worker among all there ever were; made with its first id. */
    origin?: string;
}

/** A source of ids. Phases: init. */
function create(): Ids {
    return { sequence: 0 };
}
export { create as new };

/**
 * The next id: when the worker began to give them and a random number, as other machines have workers too, then how
 * many there were. Phases: any but init.
 */
export function next(ids: Ids): string {
    ids.origin = ids.origin ?? string.format("%x-%x", ngx.now() * 1000, noise.share() * 0x100000000);
    ids.sequence += 1;
    return string.format("%s-%d", ids.origin, ids.sequence);
}

/** The id that an entry begins with, as records and pushed tables do; nothing where it does not. Phases: any. */
export function of(line: string): string | undefined {
    const [id] = string.match(line, '^{"id":"([^"\\]+)"');
    return id;
}
