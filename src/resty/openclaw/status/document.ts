/** The status as one JSON document, written piece by piece so that nothing holds a worker for long. */
import * as json from "../core/text/json";
import * as request from "../core/request/request";
import { VERSION } from "../core/process/version";
import type { History } from "./history";
import * as edge_text from "./edge_text";
import * as node_figures from "./node_figures";
import type { Nodes } from "./node_figures";
import * as node_text from "./node_text";
import type { Upstream } from "./node_text";
import * as numbers from "./number";
import * as pieces from "./output";
import type { Output } from "./output";
import * as queue_text from "./queue_text";
import * as route_figures from "./route_figures";
import * as route_text from "./route_text";
import * as series_of from "./series";
import * as windows from "./window";
import type { Window } from "./window";

export interface Subject {
    readonly upstreams: LuaTable<string, Upstream>;
    /** Shown though nobody counts them yet. */
    readonly routes: readonly string[];
    readonly history: History;
    /** When nginx started. */
    readonly started: number | undefined;
    /** When this worker began. */
    readonly worker_began: number;
}

/** What nginx was built without is not known. */
function connections_text(): string {
    const active = request.variable("connections_active");
    if (active === undefined) return "null";
    return string.format(
        '{"active":%s,"reading":%s,"writing":%s,"waiting":%s}',
        numbers.exact(tonumber(active)),
        numbers.exact(tonumber(request.variable("connections_reading"))),
        numbers.exact(tonumber(request.variable("connections_writing"))),
        numbers.exact(tonumber(request.variable("connections_waiting"))),
    );
}

function head(subject: Subject, window: Window, now: number): string {
    return string.format(
        '{"version":%s,"time":%s,"started":%s,"workers":%s,"worker":{"pid":%s,"seconds":%s},"connections":%s,"window_seconds":%s',
        json.text(VERSION),
        numbers.exact(now),
        numbers.exact(subject.started),
        numbers.exact(ngx.worker.count()),
        numbers.exact(ngx.worker.pid()),
        numbers.rounded(now - subject.worker_began),
        connections_text(),
        numbers.rounded(window.seconds),
    );
}

function degraded_text(upstream: Upstream): string {
    const is_degraded = upstream.is_degraded?.();
    return is_degraded === undefined ? "null" : tostring(is_degraded);
}

function write_nodes(output: Output, window: Window, figures: Nodes, name: string, upstream: Upstream): void {
    let separator = "";
    for (const report of upstream.report()) {
        const its_figures = node_figures.of(window, figures, name, report.address);
        pieces.put(output, separator + node_text.node(report, its_figures, window.seconds));
        window.pause();
        separator = ",";
    }
}

function write_upstreams(output: Output, subject: Subject, window: Window): void {
    const figures = node_figures.gather(window);
    let separator = "";
    for (const name of pieces.sorted(subject.upstreams)) {
        const upstream = subject.upstreams.get(name);
        pieces.put(output, `${separator}${json.short_text(name)}:{"degraded":${degraded_text(upstream)},"nodes":[`);
        separator = ",";
        write_nodes(output, window, figures, name, upstream);
        pieces.put(output, "]}");
    }
}

function write_routes(output: Output, subject: Subject, window: Window): void {
    const routes = route_figures.gather(window, subject.routes);
    window.pause();
    let separator = "";
    for (const name of pieces.sorted(routes)) {
        pieces.put(output, separator);
        window.pause();
        separator = ",";
        route_text.write(output, name, routes.get(name), window.seconds);
    }
}

/**
 * Writes the document. Phases: content; those in which `pause` and `output` may yield.
 * @param pause called after each small piece of work: see `time_slice.paced`
 */
export function write(subject: Subject, output: Output, now: number, pause: (this: void) => void): void {
    series_of.refresh(subject.history.index, pause);
    const window = windows.look_back(subject.history, now, pause);
    pieces.put(output, `${head(subject, window, now)},"upstreams":{`);
    write_upstreams(output, subject, window);
    pieces.put(output, '},"routes":{');
    write_routes(output, subject, window);
    pieces.put(output, `},"edges":${edge_text.edges(window)}`);
    pieces.put(output, `,"queues":${queue_text.queues(window)}`);
    pieces.put(output, `,"faults":${queue_text.faults(window)}`);
    pieces.put(output, `,"metrics":${queue_text.metrics(window)}`);
    pieces.put(output, `,"memory":${queue_text.memory(window)}}\n`);
    pieces.flush(output);
}
