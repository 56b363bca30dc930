/** Queues of the request log, faults, what the metrics themselves lost, and their memory, as the status page shows them. */
import * as json from "../core/text/json";
import * as room from "../core/metrics/metric_registry/room";
import * as shared_memory from "../core/memory/shared_memory";
import * as numbers from "./number";
import { sorted } from "./output";
import * as windows from "./window";
import type { Window } from "./window";

interface Queue {
    queued?: number;
    queued_bytes?: number;
    spool_bytes?: number;
    sent?: number;
    retries?: number;
    readonly dropped: LuaTable<string, number>;
}

type Queues = LuaTable<string, Queue>;

function queue_of(queues: Queues, sink: string): Queue {
    const known = queues.get(sink) as Queue | undefined;
    if (known !== undefined) return known;
    const made: Queue = { dropped: new LuaTable() };
    queues.set(sink, made);
    return made;
}

function gather(window: Window): Queues {
    const queues: Queues = new LuaTable();
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

function queue_text(queue: Queue): string {
    const dropped: string[] = [];
    for (const reason of sorted(queue.dropped)) {
        dropped.push(`${json.short_text(reason)}:${numbers.exact(queue.dropped.get(reason))}`);
    }
    return string.format(
        '{"queued":%s,"queued_bytes":%s,"spool_bytes":%s,"sent":%s,"retries":%s,"dropped":{%s}}',
        numbers.exact(queue.queued),
        numbers.exact(queue.queued_bytes),
        numbers.exact(queue.spool_bytes),
        numbers.exact(queue.sent),
        numbers.exact(queue.retries),
        table.concat(dropped, ","),
    );
}

/** The queues by sink. Phases: those in which the window may pause. */
export function queues(window: Window): string {
    const found = gather(window);
    const fields: string[] = [];
    for (const sink of sorted(found)) fields.push(`${json.short_text(sink)}:${queue_text(found.get(sink))}`);
    return `{${table.concat(fields, ",")}}`;
}

/** The faults, by plugin and kind. Else as `queues`. */
export function faults(window: Window): string {
    const found = new LuaTable<string, string>();
    windows.each(window, "openclaw_faults_total", (labels, total) => {
        const plugin = labels.plugin ?? "";
        const kind = labels.kind ?? "";
        const named = `{"plugin":${json.short_text(plugin)},"kind":${json.short_text(kind)}`;
        found.set(`${plugin}\0${kind}`, `${named},"count":${numbers.exact(total)}}`);
    });
    const entries: string[] = [];
    for (const key of sorted(found)) entries.push(found.get(key));
    return `[${table.concat(entries, ",")}]`;
}

function sum(window: Window, name: string): string {
    let all = windows.exists(window, name) ? 0 : undefined;
    windows.each(window, name, (_, total) => {
        all = (all ?? 0) + total;
    });
    return numbers.exact(all);
}

/** What the metrics themselves lost. Else as `queues`. */
export function metrics(window: Window): string {
    return string.format(
        '{"dropped_labels":%s,"lost_series":%s,"misuse":%s,"expired_series":%s}',
        sum(window, "openclaw_metrics_dropped_labels_total"),
        sum(window, "openclaw_metrics_lost_series_total"),
        sum(window, "openclaw_metrics_misuse_total"),
        sum(window, "openclaw_metrics_expired_series_total"),
    );
}

function usage_text(used: number | undefined, free: number | undefined): string {
    return used === undefined
        ? "null"
        : string.format('{"used":%s,"free":%s}', numbers.exact(used), numbers.exact(free));
}

/** The slots of shared memory and the bytes of its dict, in use and free. Phases: any. */
export function memory(window: Window): string {
    const { registry } = window.history;
    const [used_slots, free_slots] = shared_memory.usage(registry.region);
    const [used_bytes, free_bytes] = room.usage(registry);
    return `{"slots":${usage_text(used_slots, free_slots)},"bytes":${usage_text(used_bytes, free_bytes)}}`;
}
