/** Ids in the order in which they are due, the earliest first: a binary heap of texts (Williams, 1964). Pure Lua. */
import * as ids from "./store/id";

type Heap = string[];

/** Ids that are due at moments of one clock. Each entry is the time, "-" and the id, so that entries sort as texts. */
export type Schedule<Moment extends number> = Heap & { readonly clock?: Moment };

/** Where the id begins in an entry. */
const ID_AT = 14;

function push(heap: Heap, entry: string): void {
    let at = heap.length;
    while (at > 0) {
        const parent = math.floor((at - 1) / 2);
        if (heap[parent]! <= entry) break;
        heap[at] = heap[parent]!;
        at = parent;
    }
    heap[at] = entry;
}

function pop(heap: Heap): void {
    const last = table.remove(heap);
    const count = heap.length;
    if (last === undefined || count === 0) return;
    let at = 0;
    while (true) {
        let child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && heap[child + 1]! < heap[child]!) child += 1;
        if (last <= heap[child]!) break;
        heap[at] = heap[child]!;
        at = child;
    }
    heap[at] = last;
}

/** Adds an id that is due at that moment, which must not be before 0. Phases: any. */
export function add<Moment extends number>(schedule: Schedule<Moment>, id: string, at: Moment): void {
    push(schedule, `${ids.time_text(at)}-${id}`);
}

/** The first id and when it is due; nothing when the schedule is empty. Phases: any. */
export function first<Moment extends number>(schedule: Schedule<Moment>): LuaMultiReturn<[id?: string, at?: Moment]> {
    const entry = schedule[0];
    if (entry === undefined) return $multi();
    return $multi(string.sub(entry, ID_AT), ids.time_of(entry) as number as Moment);
}

/** Removes the first id, if there is one. Phases: any. */
export function drop_first(schedule: Schedule<number>): void {
    pop(schedule);
}

/** Removes and returns the first id that is due by that moment; nothing when none is. Phases: any. */
export function take<Moment extends number>(schedule: Schedule<Moment>, now: Moment): string | undefined {
    const entry = schedule[0];
    if (entry === undefined || string.sub(entry, 1, ID_AT - 2) > ids.time_text(now)) return undefined;
    pop(schedule);
    return string.sub(entry, ID_AT);
}
