/** The JSON of upstreams, their nodes and waiting rooms. docs/admin.md says what each field means. */
import * as names from "../../config/names";
import type { Given } from "../../core/text/json/shapes";
import { exact, flag, list_of, map_of, object, row_of, text } from "../../core/text/json/shapes";
import * as json from "../json";

interface NodeJson {
    address: string;
    state: string;
    reason: string | null;
    seconds_left: number | null;
    weight: number;
    drain: boolean;
    in_flight: number;
    effective_weight: number | null;
    service_seconds: number | null;
    concurrency: number | null;
    changed: boolean;
}

/** A node that was removed. */
interface RemovedJson {
    address: string;
    removed: boolean;
}

interface ClassJson {
    name: string;
    weight: number;
    waiting: number;
    size: number;
}

interface QueueJson {
    concurrency: number;
    learned: boolean;
    changed: boolean;
    taken: number;
    classes: ClassJson[];
}

interface UpstreamJson {
    /** In the list of all upstreams these are its keys. */
    name?: string | undefined;
    degraded?: boolean | undefined;
    queue?: QueueJson | undefined;
    nodes: NodeJson[];
    removed?: string[] | undefined;
}

interface UpstreamsJson {
    upstreams: Record<string, UpstreamJson>;
}

/** What is known of one node. */
export interface NodeReport {
    /** As `$upstream_addr` shows it. */
    readonly address: string;
    readonly state: string;
    /** Why it gets no requests, and in how many seconds it may get them again. */
    readonly reason: string | undefined;
    readonly seconds_left: number | undefined;
    readonly weight: number;
    readonly drain: boolean;
    /** Requests in flight, from all workers. */
    readonly in_flight: number;
    readonly effective_weight: number;
    readonly service_seconds: number | undefined;
    readonly concurrency: number | undefined;
    /** Whether an operator changed it since nginx started. */
    readonly changed: boolean;
}

/** What is known of a class of a waiting room. */
export interface ClassReport {
    readonly name: string;
    readonly weight: number;
    /** Requests that wait, of all workers, and how many may. */
    readonly waiting: number;
    readonly size: number;
}

/** What is known of a waiting room. */
export interface RoomReport {
    readonly concurrency: number;
    readonly is_learned: boolean;
    /** Whether an operator has set the number. */
    readonly is_changed: boolean;
    /** How many of the places are taken, by requests of all workers. */
    readonly taken: number;
    readonly classes: readonly ClassReport[];
}

/** An upstream whose nodes can be shown. Its methods never raise. */
export interface Shown {
    /** What is known of each node now. */
    report(): NodeReport[];
    /** Whether its fallback answers now; for those that can tell, and have one. */
    is_degraded?(): boolean | undefined;
    /** The addresses of nodes that an operator removed; for those that can tell. */
    removed?(): string[];
    /** What its waiting room is like now; for those that can tell, and have one. */
    queue?(): RoomReport | undefined;
}

const NODE = object<NodeJson>()(
    ["address", text],
    ["state", text],
    ["reason", text],
    ["seconds_left", exact],
    ["weight", exact],
    ["drain", flag],
    ["in_flight", exact],
    ["effective_weight", exact],
    ["service_seconds", exact],
    ["concurrency", exact],
    ["changed", flag],
);

const REMOVED = object<RemovedJson>()(["address", text], ["removed", flag]);

const CLASS = object<ClassJson>()(["name", text], ["weight", exact], ["waiting", exact], ["size", exact]);

const QUEUE = object<QueueJson>()(
    ["concurrency", exact],
    ["learned", flag],
    ["changed", flag],
    ["taken", exact],
    ["classes", list_of(CLASS)],
);

const UPSTREAM = object<UpstreamJson>()(
    ["name", text, "optional"],
    ["degraded", flag, "optional"],
    ["queue", QUEUE, "optional"],
    ["nodes", list_of(NODE)],
    ["removed", row_of(text), "optional"],
);

const UPSTREAMS = object<UpstreamsJson>()(["upstreams", map_of(UPSTREAM)]);

/** One node. Phases: content; yields, as all here. */
export function node(report: NodeReport): string {
    return json.written(NODE, report);
}

/** A node that was removed. */
export function removed(address: string): string {
    return json.written(REMOVED, { address, removed: true });
}

function queue_fields(report: RoomReport): Given<QueueJson> {
    return {
        concurrency: report.concurrency,
        learned: report.is_learned,
        changed: report.is_changed,
        taken: report.taken,
        classes: (put) => {
            for (const its_class of report.classes) put(its_class);
        },
    };
}

/** A waiting room. */
export function queue(report: RoomReport): string {
    return json.written(QUEUE, queue_fields(report));
}

function fields_of(upstream: Shown, name?: string): Given<UpstreamJson> {
    const addresses = upstream.removed?.();
    const room = upstream.queue?.();
    return {
        name,
        degraded: upstream.is_degraded?.(),
        queue: room && queue_fields(room),
        nodes: (put) => {
            for (const report of upstream.report()) put(report);
        },
        removed:
            addresses &&
            ((put) => {
                for (const address of addresses) put(address);
            }),
    };
}

/** One upstream. */
export function upstream(name: string, given: Shown): string {
    return json.written(UPSTREAM, fields_of(given, name));
}

/** All upstreams by their names. */
export function upstreams<Upstream extends Shown>(all: LuaMap<string, Upstream>): string {
    return json.written(UPSTREAMS, {
        upstreams: (put) => {
            for (const name of names.sorted(all)) put(name, fields_of(all.get(name)!));
        },
    });
}
