/** Nodes and upstreams in the status document. */
import type { Each, Given } from "../core/text/json/shapes";
import { exact, flag, list_of, name, object, rounded, row_of } from "../core/text/json/shapes";
import type { NodeStatus, UpstreamStatus } from "./document";
import { POINTS } from "./history";
import type { Figures, Nodes } from "./node_figures";
import * as node_figures from "./node_figures";
import { per_second } from "./rate";
import type { Rooms } from "./room_figures";
import type { RoomReport } from "./room_json";
import * as room_json from "./room_json";
import * as tallies from "./tally";
import type { Window } from "./window";

/** What an upstream says of one of its nodes. */
export interface NodeReport {
    readonly address: string;
    readonly state: string;
    /** Why it gets no requests, and in how many seconds it may again. */
    readonly reason?: string | undefined;
    readonly seconds_left?: number | undefined;
    readonly weight: number;
    readonly drain: boolean;
    readonly in_flight: number;
    readonly effective_weight: number;
    readonly service_seconds: number | undefined;
    readonly concurrency: number | undefined;
}

/** An upstream whose nodes are shown; a balancer is one. Its methods never raise. */
export interface Upstream {
    report(): NodeReport[];
    /** Whether its fallback answers now; for those that can tell, and have one. */
    is_degraded?(): boolean | undefined;
    /** What its waiting room is like now; for those that can tell, and have one. */
    queue?(): RoomReport | undefined;
}

const RECENT = object<NodeStatus["recent"]>()(
    ["requests_per_second", rounded],
    ["error_share", rounded],
    ["mean_seconds", rounded],
);

const NODE = object<NodeStatus>()(
    ["address", name],
    ["state", name],
    ["reason", name],
    ["seconds_left", rounded],
    ["weight", exact],
    ["drain", flag],
    ["effective_weight", rounded],
    ["in_flight", exact],
    ["service_seconds", rounded],
    ["concurrency", rounded],
    ["tries", exact],
    ["answers", tallies.ANSWERS],
    ["recent", RECENT],
    ["seconds", row_of(rounded)],
);

/** How an upstream is written. */
export const UPSTREAM = object<UpstreamStatus>()(
    ["degraded", flag],
    ["queue", room_json.ROOM],
    ["nodes", list_of(NODE)],
);

/** The points of a chart, the oldest first. */
function points_of(points: LuaMap<number, number> | undefined): Each<number | undefined> | undefined {
    if (points === undefined) return undefined;
    return (put) => {
        for (const place of $range(1, POINTS)) put(points.get(place));
    };
}

function node(report: NodeReport, figures: Figures, seconds: number): Given<NodeStatus> {
    const { answers } = figures;
    return {
        address: report.address,
        state: report.state,
        reason: report.reason,
        seconds_left: report.seconds_left,
        weight: report.weight,
        drain: report.drain,
        effective_weight: report.effective_weight,
        in_flight: report.in_flight,
        service_seconds: report.service_seconds,
        concurrency: report.concurrency,
        tries: figures.tries,
        answers: answers?.totals,
        recent: {
            requests_per_second: per_second(figures.recent_tries, seconds),
            error_share: tallies.error_share(answers),
            mean_seconds: figures.mean_seconds,
        },
        seconds: points_of(figures.points),
    };
}

/** What the document says of an upstream. Phases: any. */
export function upstream(
    window: Window,
    figures: Nodes,
    rooms: Rooms,
    upstream_name: string,
    given: Upstream,
): Given<UpstreamStatus> {
    const room = given.queue?.();
    return {
        degraded: given.is_degraded?.(),
        queue: room && room_json.room(window, rooms, upstream_name, room),
        nodes: (put) => {
            for (const report of given.report()) {
                const its_figures = node_figures.of(window, figures, upstream_name, report.address);
                put(node(report, its_figures, window.seconds));
            }
        },
    };
}
