/** Limits how many of an operator's changes are kept: those of nodes that the DNS no longer has would accumulate. */
import type { Change } from "./model";

/** Of nodes that no longer exist so many changes are kept, the newest, in case the nodes come back. */
const MOST_OF_ABSENT = 100;

/**
 * Forgets the oldest changes of nodes that are neither listed nor added, if there are too many. Phases: any.
 * @param listed the addresses of the configuration and the DNS
 */
export function limit(changes: Record<string, Change>, listed: ReadonlyLuaSet<string>): void {
    const absent: string[] = [];
    for (const [address, its_change] of pairs(changes)) {
        if (its_change.added !== true && !listed.has(address)) absent.push(address);
    }
    if (absent.length <= MOST_OF_ABSENT) return;
    table.sort(absent, (a, b) => {
        const [since_a, since_b] = [changes[a]!.since ?? 0, changes[b]!.since ?? 0];
        if (since_a !== since_b) return since_a > since_b;
        return a < b;
    });
    for (const place of $range(MOST_OF_ABSENT, absent.length - 1)) {
        changes[absent[place]!] = undefined!;
    }
}
