/** The figures of the classes of each waiting room. */
import type { Labels } from "./series";
import type { Window } from "./window";
import * as windows from "./window";

/** Of one class, within the window. */
export interface Figures {
    /** Nothing where nobody counts it, as `refused`. */
    admitted: number | undefined;
    refused: number | undefined;
    /** How many waits came into each bucket of the histogram; empty where there were none. */
    waits: readonly number[];
    bounds: readonly number[];
}

/** By upstream and class. */
export type Rooms = LuaMap<string, Figures>;

const REQUESTS = "openclaw_queue_requests_total";
const WAIT = "openclaw_queue_wait_seconds";

/** By the label `result`. Who left without an answer is neither. */
const ADMITTED: Readonly<Record<string, true | undefined>> = { at_once: true, waited: true };
const REFUSED: Readonly<Record<string, true | undefined>> = { full: true, timeout: true, deadline: true };

/** The figures of a class, empty where there are none. Phases: any. */
export function of(window: Window, rooms: Rooms, upstream: string, its_class: string): Figures {
    const key = `${upstream}\0${its_class}`;
    const known = rooms.get(key);
    if (known !== undefined) return known;
    const zero = windows.exists(window, REQUESTS) ? 0 : undefined;
    const made: Figures = { admitted: zero, refused: zero, waits: [], bounds: [] };
    rooms.set(key, made);
    return made;
}

/** All classes that somebody counts. Phases: those in which the window may yield. */
export function gather(window: Window): Rooms {
    const rooms: Rooms = new LuaMap<string, Figures>();
    const class_of = (labels: Labels): Figures => of(window, rooms, labels.upstream ?? "", labels.class ?? "");
    windows.each(window, REQUESTS, (labels, _, recent) => {
        const result = labels.result ?? "";
        const figures = class_of(labels);
        if (ADMITTED[result] !== undefined) figures.admitted = (figures.admitted ?? 0) + recent;
        if (REFUSED[result] !== undefined) figures.refused = (figures.refused ?? 0) + recent;
    });
    windows.each_histogram(window, WAIT, (labels, counts, bounds) => {
        const figures = class_of(labels);
        figures.waits = counts;
        figures.bounds = bounds;
    });
    return rooms;
}
