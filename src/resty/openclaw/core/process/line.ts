/** Requests that wait for the same in this worker, in the order in which they came. One that leaves is taken out at once. */

/** A request that waits. */
export interface Waiter {
    /** When it came. */
    readonly since: MonotonicTime;
    before: Waiter | undefined;
    after: Waiter | undefined;
    /** Whether it was given a place. */
    has_place: boolean;
}

export interface Line {
    first: Waiter | undefined;
    last: Waiter | undefined;
    length: number;
}

/** A line without anybody. Phases: any. */
function create(): Line {
    return { first: undefined, last: undefined, length: 0 };
}
export { create as new };

/** Adds a request at the end. Phases: any. */
export function join(line: Line, waiter: Waiter): void {
    const { last } = line;
    waiter.before = last;
    if (last === undefined) line.first = waiter;
    else last.after = waiter;
    line.last = waiter;
    line.length += 1;
}

/** Takes a request out, wherever it stands; it must be in this line. Phases: any. */
export function leave(line: Line, waiter: Waiter): void {
    const { before, after } = waiter;
    if (before === undefined) line.first = after;
    else before.after = after;
    if (after === undefined) line.last = before;
    else after.before = before;
    waiter.before = undefined;
    waiter.after = undefined;
    line.length -= 1;
}
