/** What the queues of all sinks and workers count, as the metrics page shows it. */
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Emit, Registry } from "../metric_registry";
import * as shared_memory from "../shared_memory";
import type { Queue } from "./queue";

/** Why entries are dropped. */
export type Reason = "overflow" | "invalid" | "too_large" | "refused" | "gave_up" | "exit";

export interface Figures {
    readonly registry: Registry;
    readonly sent: Counter;
    readonly retries: Counter;
    readonly dropped: LuaTable<Reason, Counter>;
    readonly queued_slot: number;
    readonly queued_bytes_slot: number;
}

/** The slots of one gauge that is a sum over workers, by sink. */
interface Sums {
    readonly queued: LuaTable<string, number>;
    readonly queued_bytes: LuaTable<string, number>;
}

const REASONS: Reason[] = ["overflow", "invalid", "too_large", "refused", "gave_up", "exit"];

const sums_by_registry = new LuaTable<Registry, Sums>();

function collect(registry: Registry, name: string, help: string, slots: LuaTable<string, number>): void {
    function emit_totals(this: void, emit: Emit): void {
        for (const [sink, slot] of slots) {
            emit(metric_registry.label_text(["sink"], [sink]), shared_memory.total(registry.region, slot));
        }
    }
    metric_registry.collect(registry, { name, kind: "gauge", help, collect: emit_totals });
}

function sums_of(registry: Registry): Sums {
    const known = sums_by_registry.get(registry);
    if (known !== undefined) return known;
    const sums: Sums = { queued: new LuaTable(), queued_bytes: new LuaTable() };
    sums_by_registry.set(registry, sums);
    collect(registry, "openclaw_post_action_queued", "Entries that wait or are being sent, by sink.", sums.queued);
    collect(registry, "openclaw_post_action_queued_bytes", "Bytes of those entries, by sink.", sums.queued_bytes);
    return sums;
}

function transient_slot(registry: Registry, name: string): number {
    const [slot, err] = shared_memory.transient_slot(registry.region, name);
    if (slot !== undefined) return slot;
    ngx.log(ngx.ERR, "post_action: ", name, " is not shown: ", err);
    return shared_memory.LOST_SLOT;
}

/** Whether a sink of this name counts here already. */
export function is_taken(registry: Registry, sink: string): boolean {
    return sums_of(registry).queued.has(sink);
}

/** The figures of one sink, all bound. Phases: init. */
function create(registry: Registry, sink: string): Figures {
    const sent = metric_registry.counter(
        registry,
        "openclaw_post_action_sent_total",
        "Entries that a sink has taken.",
        ["sink"],
    );
    const retries = metric_registry.counter(
        registry,
        "openclaw_post_action_retries_total",
        "Batches sent once more after a failure.",
        ["sink"],
    );
    const dropped_family = metric_registry.counter(
        registry,
        "openclaw_post_action_dropped_total",
        "Entries that were not delivered, by reason.",
        ["sink", "reason"],
    );
    const dropped = new LuaTable<Reason, Counter>();
    for (const reason of REASONS) dropped.set(reason, dropped_family.labels(sink, reason));
    const sums = sums_of(registry);
    const queued_slot = transient_slot(registry, `post_action queued ${sink}`);
    const queued_bytes_slot = transient_slot(registry, `post_action queued_bytes ${sink}`);
    sums.queued.set(sink, queued_slot);
    sums.queued_bytes.set(sink, queued_bytes_slot);
    return {
        registry,
        sent: sent.labels(sink),
        retries: retries.labels(sink),
        dropped,
        queued_slot,
        queued_bytes_slot,
    };
}
export { create as new };

/** Shows how much this worker's queue holds now. Phases: any. */
export function show(figures: Figures, queue: Queue): void {
    const mine = figures.registry.region.mine;
    mine.set(figures.queued_slot, queue.entries + queue.flying_entries);
    mine.set(figures.queued_bytes_slot, queue.bytes + queue.flying_bytes);
}
