/** What the queues of all sinks and workers count, as the metrics page shows it. */
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Emit, Registry } from "../core/metrics/metric_registry";
import * as shared_memory from "../core/memory/shared_memory";
import * as clock from "../core/time/clock";
import type { Cause } from "./sink";

/** Why a try has failed that is made again. */
const CAUSES: Cause[] = ["unreachable", "busy", "credentials", "misdirected"];

/** Why entries are dropped. */
export type Reason = "overflow" | "invalid" | "too_large" | "refused" | "gave_up" | "exit" | "broken";

export interface Figures {
    readonly registry: Registry;
    readonly sent: Counter;
    readonly retries: Counter;
    readonly failures: LuaTable<Cause, Counter>;
    readonly dropped: LuaTable<Reason, Counter>;
    readonly dead_lettered: Counter;
    readonly queued_slot: number;
    readonly queued_bytes_slot: number;
    /** Since when the worker holds what it has held longest; 0 when it holds nothing. */
    readonly oldest_slot: number;
    readonly circuit_slot: number;
}

/** What a queue on disk counts besides. */
export interface SpoolFigures {
    readonly registry: Registry;
    readonly spilled: Counter;
    readonly failures: Counter;
    readonly bytes_slot: number;
}

/** The slots of the gauges over all workers, by sink. */
interface Slots {
    readonly queued: LuaTable<string, number>;
    readonly queued_bytes: LuaTable<string, number>;
    readonly oldest: LuaTable<string, number>;
    readonly circuit: LuaTable<string, number>;
    readonly spool_bytes: LuaTable<string, number>;
}

/** What a gauge shows of a slot. */
type Reading = (this: void, registry: Registry, slot: number) => number;

const REASONS: Reason[] = ["overflow", "invalid", "too_large", "refused", "gave_up", "exit", "broken"];

const slots_by_registry = new LuaTable<Registry, Slots>();

function total(registry: Registry, slot: number): number {
    return shared_memory.total(registry.region, slot);
}

function age(registry: Registry, slot: number): number {
    const since = shared_memory.least(registry.region, slot);
    return since === 0 ? 0 : math.max(0, clock.now() - since);
}

function collect(
    registry: Registry,
    name: string,
    help: string,
    slots: LuaTable<string, number>,
    reading: Reading,
): void {
    function emit_all(this: void, emit: Emit): void {
        for (const [sink, slot] of slots) emit(metric_registry.label_text(["sink"], [sink]), reading(registry, slot));
    }
    metric_registry.collect(registry, { name, kind: "gauge", help, collect: emit_all });
}

function slots_of(registry: Registry): Slots {
    const known = slots_by_registry.get(registry);
    if (known !== undefined) return known;
    const slots: Slots = {
        queued: new LuaTable(),
        queued_bytes: new LuaTable(),
        oldest: new LuaTable(),
        circuit: new LuaTable(),
        spool_bytes: new LuaTable(),
    };
    slots_by_registry.set(registry, slots);
    const queued_help = "Entries that wait or are being sent, by sink.";
    collect(registry, "openclaw_post_action_queued", queued_help, slots.queued, total);
    const bytes_help = "Bytes of those entries, by sink.";
    collect(registry, "openclaw_post_action_queued_bytes", bytes_help, slots.queued_bytes, total);
    const oldest_help = "How long the oldest of those entries has been held, by sink.";
    collect(registry, "openclaw_post_action_oldest_seconds", oldest_help, slots.oldest, age);
    const circuit_help = "Workers that only try single entries, as the sink keeps failing, by sink.";
    collect(registry, "openclaw_post_action_circuit_open", circuit_help, slots.circuit, total);
    const spool_help = "Bytes of the files in which entries are kept, by sink.";
    collect(registry, "openclaw_post_action_spool_bytes", spool_help, slots.spool_bytes, total);
    return slots;
}

/** Where each worker shows its part of a gauge, which falls to zero with it. Phases: init. */
export function transient_slot(registry: Registry, name: string): number {
    const [slot, err] = shared_memory.transient_slot(registry.region, name);
    if (slot !== undefined) return slot;
    ngx.log(ngx.ERR, "post_action: ", name, " is not shown: ", err);
    return shared_memory.LOST_SLOT;
}

/** Whether a sink of this name counts here already. */
export function is_taken(registry: Registry, sink: string): boolean {
    return slots_of(registry).queued.has(sink);
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
    const failures_family = metric_registry.counter(
        registry,
        "openclaw_post_action_failures_total",
        "Tries that a sink has not taken, and that are made again, by reason.",
        ["sink", "reason"],
    );
    const failures = new LuaTable<Cause, Counter>();
    for (const cause of CAUSES) failures.set(cause, failures_family.labels(sink, cause));
    const dead_lettered = metric_registry.counter(
        registry,
        "openclaw_post_action_dead_lettered_total",
        "Refused entries that were kept in the dead-letter file.",
        ["sink"],
    );
    const slots = slots_of(registry);
    const queued_slot = transient_slot(registry, `post_action queued ${sink}`);
    const queued_bytes_slot = transient_slot(registry, `post_action queued_bytes ${sink}`);
    const oldest_slot = transient_slot(registry, `post_action oldest ${sink}`);
    const circuit_slot = transient_slot(registry, `post_action circuit ${sink}`);
    slots.queued.set(sink, queued_slot);
    slots.queued_bytes.set(sink, queued_bytes_slot);
    slots.oldest.set(sink, oldest_slot);
    slots.circuit.set(sink, circuit_slot);
    return {
        registry,
        sent: sent.labels(sink),
        retries: retries.labels(sink),
        failures,
        dropped,
        dead_lettered: dead_lettered.labels(sink),
        queued_slot,
        queued_bytes_slot,
        oldest_slot,
        circuit_slot,
    };
}
export { create as new };

/** What a queue on disk counts, all bound. Phases: init. */
export function of_spool(registry: Registry, sink: string): SpoolFigures {
    const spilled = metric_registry.counter(
        registry,
        "openclaw_post_action_spilled_total",
        "Entries written to disk before they were sent.",
        ["sink"],
    );
    const failures = metric_registry.counter(
        registry,
        "openclaw_post_action_spool_failures_total",
        "Entries that could not be written to disk, and were kept in memory.",
        ["sink"],
    );
    const bytes_slot = transient_slot(registry, `post_action spool_bytes ${sink}`);
    slots_of(registry).spool_bytes.set(sink, bytes_slot);
    return { registry, spilled: spilled.labels(sink), failures: failures.labels(sink), bytes_slot };
}
