/** Queues of the request log, faults, what the metrics lost, and their memory, in the status document. */
import * as names from "../config/names";
import * as shared_memory from "../core/memory/shared_memory";
import * as room from "../core/metrics/metric_registry/room";
import type { Each, Entries, Given } from "../core/text/json/shapes";
import { exact, list_of, map_of, name, object, sorted_entries } from "../core/text/json/shapes";
import type * as documents from "./document";
import type { Window } from "./window";
import * as windows from "./window";

interface Queue {
    queued?: number;
    queued_bytes?: number;
    spool_bytes?: number;
    sent?: number;
    retries?: number;
    readonly dropped: LuaMap<string, number>;
}

type Queues = LuaMap<string, Queue>;

const QUEUE = object<documents.QueueStatus>()(
    ["queued", exact],
    ["queued_bytes", exact],
    ["spool_bytes", exact],
    ["sent", exact],
    ["retries", exact],
    ["dropped", map_of(exact)],
);

/** How queues are written. */
export const QUEUES = map_of(QUEUE);

/** How faults are written. */
export const FAULTS = list_of(object<documents.FaultStatus>()(["plugin", name], ["kind", name], ["count", exact]));

/** How `metrics` is written. */
export const METRICS = object<documents.LostMetrics>()(
    ["dropped_labels", exact],
    ["lost_series", exact],
    ["misuse", exact],
    ["expired_series", exact],
);

const USAGE = object<documents.Usage>()(["used", exact], ["free", exact]);

/** How `memory` is written. */
export const MEMORY = object<documents.Memory>()(["slots", USAGE], ["bytes", USAGE]);

function queue_of(queues: Queues, sink: string): Queue {
    const known = queues.get(sink);
    if (known !== undefined) return known;
    const made: Queue = { dropped: new LuaMap<string, number>() };
    queues.set(sink, made);
    return made;
}

function gather(window: Window): Queues {
    const queues: Queues = new LuaMap<string, Queue>();
    windows.collected(window, "openclaw_post_action_queued", (labels, value) => {
        queue_of(queues, labels.sink ?? "").queued = value;
    });
    windows.collected(window, "openclaw_post_action_queued_bytes", (labels, value) => {
        queue_of(queues, labels.sink ?? "").queued_bytes = value;
    });
    windows.collected(window, "openclaw_post_action_spool_bytes", (labels, value) => {
        queue_of(queues, labels.sink ?? "").spool_bytes = value;
    });
    windows.each(window, "openclaw_post_action_sent_total", (labels, total) => {
        queue_of(queues, labels.sink ?? "").sent = total;
    });
    windows.each(window, "openclaw_post_action_retries_total", (labels, total) => {
        queue_of(queues, labels.sink ?? "").retries = total;
    });
    windows.each(window, "openclaw_post_action_dropped_total", (labels, total) => {
        queue_of(queues, labels.sink ?? "").dropped.set(labels.reason ?? "", total);
    });
    return queues;
}

function shown(this: void, queue: Queue): Given<documents.QueueStatus> {
    return {
        queued: queue.queued,
        queued_bytes: queue.queued_bytes,
        spool_bytes: queue.spool_bytes,
        sent: queue.sent,
        retries: queue.retries,
        dropped: sorted_entries(queue.dropped, (count) => count),
    };
}

/** The queues by sink. Phases: those in which the window may yield. */
export function queues(window: Window): Entries<Given<documents.QueueStatus>> {
    return sorted_entries(gather(window), shown);
}

/** The faults, sorted by plugin and kind. Else as `queues`. */
export function faults(window: Window): Each<documents.FaultStatus> {
    const found = new LuaMap<string, documents.FaultStatus>();
    windows.each(window, "openclaw_faults_total", (labels, total) => {
        const plugin = labels.plugin ?? "";
        const kind = labels.kind ?? "";
        found.set(`${plugin}\0${kind}`, { plugin, kind, count: total });
    });
    return (put) => {
        for (const key of names.sorted(found)) put(found.get(key)!);
    };
}

function sum(window: Window, metric: string): number | undefined {
    let all = windows.exists(window, metric) ? 0 : undefined;
    windows.each(window, metric, (_, total) => {
        all = (all ?? 0) + total;
    });
    return all;
}

/** What the metrics lost. Else as `queues`. */
export function metrics(window: Window): Given<documents.LostMetrics> {
    return {
        dropped_labels: sum(window, "openclaw_metrics_dropped_labels_total"),
        lost_series: sum(window, "openclaw_metrics_lost_series_total"),
        misuse: sum(window, "openclaw_metrics_misuse_total"),
        expired_series: sum(window, "openclaw_metrics_expired_series_total"),
    };
}

function usage(used: number | undefined, free: number | undefined): documents.Usage | undefined {
    return used === undefined ? undefined : { used, free: free! };
}

/** The slots of shared memory and the bytes of its dict, in use and free. Phases: any. */
export function memory(window: Window): Given<documents.Memory> {
    const { registry } = window.history;
    const [used_slots, free_slots] = shared_memory.usage(registry.region);
    const [used_bytes, free_bytes] = room.usage(registry);
    return { slots: usage(used_slots, free_slots), bytes: usage(used_bytes, free_bytes) };
}
