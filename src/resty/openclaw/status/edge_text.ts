/** The links of routes at the edge, and the jobs that wait for them, as the status page shows them. */
import * as json from "../core/text/json";
import * as numbers from "./number";
import { sorted } from "./output";
import type { Labels } from "./series";
import * as windows from "./window";
import type { Window } from "./window";

interface Edge {
    is_up?: boolean;
    pending?: number;
    done?: number;
    failed?: number;
    oldest_seconds?: number;
    stored_bytes?: number;
    /** What became of jobs, since nginx started. */
    readonly results: LuaTable<string, number>;
}

type Edges = LuaTable<string, Edge>;

function edge_of(edges: Edges, labels: Labels): Edge {
    const route = labels.route ?? "";
    const known = edges.get(route) as Edge | undefined;
    if (known !== undefined) return known;
    const made: Edge = { results: new LuaTable() };
    edges.set(route, made);
    return made;
}

function gather(window: Window): Edges {
    const edges: Edges = new LuaTable();
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

function link_text(is_up: boolean | undefined): string {
    if (is_up === undefined) return "null";
    return is_up ? '"up"' : '"down"';
}

function edge_text(edge: Edge): string {
    const results: string[] = [];
    for (const result of sorted(edge.results)) {
        results.push(`${json.short_text(result)}:${numbers.exact(edge.results.get(result))}`);
    }
    return string.format(
        '{"link":%s,"pending":%s,"done":%s,"failed":%s,"oldest_seconds":%s,"stored_bytes":%s,"results":{%s}}',
        link_text(edge.is_up),
        numbers.exact(edge.pending),
        numbers.exact(edge.done),
        numbers.exact(edge.failed),
        numbers.rounded(edge.oldest_seconds),
        numbers.exact(edge.stored_bytes),
        table.concat(results, ","),
    );
}

/** The edges by route. Phases: those in which the window may pause. */
export function edges(window: Window): string {
    const found = gather(window);
    const fields: string[] = [];
    for (const route of sorted(found)) fields.push(`${json.short_text(route)}:${edge_text(found.get(route))}`);
    return `{${table.concat(fields, ",")}}`;
}
