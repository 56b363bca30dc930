/** The links of routes with `edge`, and the jobs that wait for them, in the status document. */
import type { Entries, Given } from "../core/text/json/shapes";
import { exact, map_of, name, object, rounded, sorted_entries } from "../core/text/json/shapes";
import type { EdgeStatus } from "./document";
import type { Labels } from "./series";
import type { Window } from "./window";
import * as windows from "./window";

interface Edge {
    is_up?: boolean;
    pending?: number;
    done?: number;
    failed?: number;
    oldest_seconds?: number;
    stored_bytes?: number;
    /** How jobs ended, since nginx started. */
    readonly results: LuaMap<string, number>;
}

type Edges = LuaMap<string, Edge>;

const EDGE = object<EdgeStatus>()(
    ["link", name],
    ["pending", exact],
    ["done", exact],
    ["failed", exact],
    ["oldest_seconds", rounded],
    ["stored_bytes", exact],
    ["results", map_of(exact)],
);

/** How edges are written. */
export const EDGES = map_of(EDGE);

function edge_of(edges: Edges, labels: Labels): Edge {
    const route = labels.route ?? "";
    const known = edges.get(route);
    if (known !== undefined) return known;
    const made: Edge = { results: new LuaMap<string, number>() };
    edges.set(route, made);
    return made;
}

function gather(window: Window): Edges {
    const edges: Edges = new LuaMap<string, Edge>();
    windows.collected(window, "openclaw_edge_link_up", (labels, value) => {
        edge_of(edges, labels).is_up = value === 1;
    });
    windows.collected(window, "openclaw_edge_jobs", (labels, value) => {
        const edge = edge_of(edges, labels);
        if (labels.state === "pending") edge.pending = value;
        else if (labels.state === "done") edge.done = value;
        else if (labels.state === "failed") edge.failed = value;
    });
    windows.collected(window, "openclaw_edge_oldest_seconds", (labels, value) => {
        edge_of(edges, labels).oldest_seconds = value;
    });
    windows.collected(window, "openclaw_edge_store_bytes", (labels, value) => {
        const edge = edge_of(edges, labels);
        edge.stored_bytes = (edge.stored_bytes ?? 0) + value;
    });
    windows.each(window, "openclaw_edge_jobs_total", (labels, total) => {
        const { results } = edge_of(edges, labels);
        const result = labels.result ?? "";
        results.set(result, (results.get(result) ?? 0) + total);
    });
    return edges;
}

function link_of(edge: Edge): "up" | "down" | undefined {
    if (edge.is_up === undefined) return undefined;
    return edge.is_up ? "up" : "down";
}

function shown(this: void, edge: Edge): Given<EdgeStatus> {
    return {
        link: link_of(edge),
        pending: edge.pending,
        done: edge.done,
        failed: edge.failed,
        oldest_seconds: edge.oldest_seconds,
        stored_bytes: edge.stored_bytes,
        results: sorted_entries(edge.results, (count) => count),
    };
}

/** The edges by route. Phases: those in which the window may yield. */
export function edges(window: Window): Entries<Given<EdgeStatus>> {
    return sorted_entries(gather(window), shown);
}
