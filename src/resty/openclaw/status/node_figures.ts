/** The figures of the attempts at each node of each upstream. */
import type { Labels } from "./series";
import type { Tally } from "./tally";
import * as tallies from "./tally";
import type { Window } from "./window";
import * as windows from "./window";

export interface Figures {
    /** Nothing where nobody counts it, as all figures that may be missing. */
    tries: number | undefined;
    recent_tries: number | undefined;
    readonly answers: Tally | undefined;
    /** Mean time of an attempt within the window. */
    mean_seconds: number | undefined;
    /** The same for each step of the chart; a hole where there was none. */
    points: LuaMap<number, number> | undefined;
}

/** By upstream and address. */
export type Nodes = LuaMap<string, Figures>;

const TRIES = "openclaw_upstream_tries_total";
const ANSWERS = "openclaw_upstream_answers_total";
const DURATION = "openclaw_upstream_try_duration_seconds";

/** The figures of a node, empty where there are none. Phases: any. */
export function of(window: Window, nodes: Nodes, upstream: string, address: string): Figures {
    const key = `${upstream}\0${address}`;
    const known = nodes.get(key);
    if (known !== undefined) return known;
    const is_counted = windows.exists(window, TRIES);
    const made: Figures = {
        tries: is_counted ? 0 : undefined,
        recent_tries: is_counted ? 0 : undefined,
        answers: windows.exists(window, ANSWERS) ? tallies.new() : undefined,
        mean_seconds: undefined,
        points: windows.exists(window, DURATION) ? new LuaMap<number, number>() : undefined,
    };
    nodes.set(key, made);
    return made;
}

/** All nodes that somebody counts. Phases: those in which the window may yield. */
export function gather(window: Window): Nodes {
    const nodes: Nodes = new LuaMap<string, Figures>();
    const node_of = (labels: Labels): Figures => of(window, nodes, labels.upstream ?? "", labels.node ?? "");
    windows.each(window, TRIES, (labels, total, recent) => {
        const node = node_of(labels);
        node.tries = (node.tries ?? 0) + total;
        node.recent_tries = (node.recent_tries ?? 0) + recent;
    });
    windows.each(window, ANSWERS, (labels, total, recent) => {
        tallies.add(node_of(labels).answers!, labels.status, total, recent);
    });
    windows.each_chart(window, DURATION, (labels, mean, points) => {
        const node = node_of(labels);
        node.mean_seconds = mean;
        node.points = points;
    });
    return nodes;
}
