/** Waiting rooms in the status document. */
import type { Given } from "../core/text/json/shapes";
import { exact, flag, list_of, name, object, rounded } from "../core/text/json/shapes";
import type { RoomClassStatus, RoomStatus } from "./document";
import { quantile } from "./quantile";
import { per_second } from "./rate";
import type { Rooms } from "./room_figures";
import * as room_figures from "./room_figures";
import type { Window } from "./window";

/** What an upstream says of a class of its waiting room. */
export interface ClassReport {
    readonly name: string;
    readonly weight: number;
    readonly waiting: number;
    readonly size: number;
}

/** What an upstream says of its waiting room. */
export interface RoomReport {
    readonly concurrency: number;
    readonly is_learned: boolean;
    /** Whether an operator has set the number. */
    readonly is_changed: boolean;
    readonly taken: number;
    readonly classes: readonly ClassReport[];
}

const CLASS = object<RoomClassStatus>()(
    ["name", name],
    ["weight", exact],
    ["waiting", exact],
    ["size", exact],
    ["requests_per_second", rounded],
    ["p95_wait_seconds", rounded],
    ["refused_per_second", rounded],
);

/** How a waiting room is written. */
export const ROOM = object<RoomStatus>()(
    ["concurrency", exact],
    ["learned", flag],
    ["changed", flag],
    ["taken", exact],
    ["classes", list_of(CLASS)],
);

function class_of(window: Window, rooms: Rooms, upstream: string, report: ClassReport): Given<RoomClassStatus> {
    const figures = room_figures.of(window, rooms, upstream, report.name);
    return {
        name: report.name,
        weight: report.weight,
        waiting: report.waiting,
        size: report.size,
        requests_per_second: per_second(figures.admitted, window.seconds),
        p95_wait_seconds: quantile(0.95, figures.waits, figures.bounds),
        refused_per_second: per_second(figures.refused, window.seconds),
    };
}

/** What the document says of the waiting room of an upstream. Phases: any. */
export function room(window: Window, rooms: Rooms, upstream: string, report: RoomReport): Given<RoomStatus> {
    return {
        concurrency: report.concurrency,
        learned: report.is_learned,
        changed: report.is_changed,
        taken: report.taken,
        classes: (put) => {
            for (const its_class of report.classes) put(class_of(window, rooms, upstream, its_class));
        },
    };
}
