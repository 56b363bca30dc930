/** Writes the status document, piece by piece, so that it holds no worker for long. */
import * as names from "../config/names";
import { VERSION } from "../core/process/version";
import * as request from "../core/request/request";
import type { Output } from "../core/text/json/output";
import * as outputs from "../core/text/json/output";
import type { Entries, Given } from "../core/text/json/shapes";
import { exact, map_of, object, rounded, text } from "../core/text/json/shapes";
import type { Connections, RouteStatus, StatusDocument, UpstreamStatus } from "./document";
import * as edge_json from "./edge_json";
import type { History } from "./history";
import * as image_json from "./image_json";
import * as node_figures from "./node_figures";
import type { Upstream } from "./node_json";
import * as node_json from "./node_json";
import type { PluginReader } from "./plugin_json";
import * as plugin_json from "./plugin_json";
import * as queue_json from "./queue_json";
import * as room_figures from "./room_figures";
import * as route_figures from "./route_figures";
import * as route_json from "./route_json";
import * as series_of from "./series";
import type { Window } from "./window";
import * as windows from "./window";

export interface Subject {
    readonly upstreams: LuaTable<string, Upstream>;
    /** Shown before anybody counts them. */
    readonly routes: readonly string[];
    readonly plugins: PluginReader;
    readonly history: History;
    /** When nginx started. */
    readonly started: WallTime | undefined;
    /** When this worker began. */
    readonly worker_began: MonotonicTime;
}

const CONNECTIONS = object<Connections>()(
    ["active", exact],
    ["reading", exact],
    ["writing", exact],
    ["waiting", exact],
);

const STATUS = object<StatusDocument>()(
    ["version", text],
    ["time", exact],
    ["started", exact],
    ["workers", exact],
    ["worker", object<StatusDocument["worker"]>()(["pid", exact], ["seconds", rounded])],
    ["connections", CONNECTIONS],
    ["window_seconds", rounded],
    ["upstreams", map_of(node_json.UPSTREAM)],
    ["routes", map_of(route_json.ROUTE)],
    ["edges", edge_json.EDGES],
    ["images", image_json.IMAGES],
    ["queues", queue_json.QUEUES],
    ["faults", queue_json.FAULTS],
    ["metrics", queue_json.METRICS],
    ["memory", queue_json.MEMORY],
);

function connections_in(state: string): number {
    return tonumber(request.variable(`connections_${state}`)) ?? 0;
}

/** Nothing where nginx was built without `stub_status`. */
function connections(): Connections | undefined {
    if (request.variable("connections_active") === undefined) return undefined;
    return {
        active: connections_in("active"),
        reading: connections_in("reading"),
        writing: connections_in("writing"),
        waiting: connections_in("waiting"),
    };
}

function upstreams(subject: Subject, window: Window): Entries<Given<UpstreamStatus>> {
    return (put) => {
        const figures = node_figures.gather(window);
        const rooms = room_figures.gather(window);
        for (const name of names.sorted(subject.upstreams)) {
            put(name, node_json.upstream(window, figures, rooms, name, subject.upstreams.get(name)));
        }
    };
}

function routes(subject: Subject, window: Window): Entries<Given<RouteStatus>> {
    return (put) => {
        const all = route_figures.gather(window, subject.routes);
        window.yield_if_due();
        for (const name of names.sorted(all)) {
            const plugins = plugin_json.statuses(subject.plugins, name, window.yield_if_due);
            put(name, route_json.route(all.get(name)!, window.seconds, plugins));
        }
    };
}

/** Writes the document. Phases: content; those in which the output may yield. */
export function write(subject: Subject, output: Output, time: WallTime, now: MonotonicTime): void {
    const { yield_if_due } = output;
    series_of.refresh(subject.history.index, yield_if_due);
    const window = windows.look_back(subject.history, now, yield_if_due);
    STATUS(output, {
        version: VERSION,
        time,
        started: subject.started,
        workers: ngx.worker.count(),
        worker: { pid: ngx.worker.pid(), seconds: now - subject.worker_began },
        connections: connections(),
        window_seconds: window.seconds,
        upstreams: upstreams(subject, window),
        routes: routes(subject, window),
        edges: edge_json.edges(window),
        images: image_json.images(window),
        queues: queue_json.queues(window),
        faults: queue_json.faults(window),
        metrics: queue_json.metrics(window),
        memory: queue_json.memory(window),
    });
    output.text.put("\n");
    outputs.finish(output);
}
