/** The counters and gauges of the queues of all sinks. */
import * as shared_memory from "../core/memory/shared_memory";
import type { Entries } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import type { Cause } from "./sink";

/** Why an attempt failed that is repeated. */
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
    /** When the oldest entry that the worker holds was queued; 0 when it holds none. */
    readonly oldest_slot: number;
    readonly circuit_slot: number;
}

/** Further counters of a queue on disk. */
export interface SpoolFigures {
    readonly registry: Registry;
    readonly spilled: Counter;
    readonly failures: Counter;
    readonly bytes_slot: number;
}

/** One sink's slots of the gauges over all workers. */
interface Slots {
    readonly sink: string;
    readonly queued: number;
    readonly queued_bytes: number;
    readonly oldest: number;
    readonly circuit: number;
}

/** The slot of a sink whose queue is on disk. */
interface SpoolSlot {
    readonly sink: string;
    readonly bytes: number;
}

const REASONS: Reason[] = ["overflow", "invalid", "too_large", "refused", "gave_up", "exit", "broken"];

const slots: Entries<Slots> = new LuaMap();
const spool_slots: Entries<SpoolSlot> = new LuaMap();

function age(registry: Registry, slot: number): number {
    const since = shared_memory.least(registry.region, slot) as MonotonicTime;
    return since === 0 ? 0 : math.max(0, clock.now() - since);
}

/** Adds the gauges of queues. */
function show_queues(registry: Registry, all: readonly Slots[]): void {
    const total = (slot: number): number => shared_memory.total(registry.region, slot);
    const queued_help = "Entries that wait or are being sent, by sink.";
    gauges.of(registry, "openclaw_post_action_queued", queued_help, ["sink"], (sample) => {
        for (const { sink, queued } of all) sample(total(queued), sink);
    });
    const bytes_help = "Bytes of those entries, by sink.";
    gauges.of(registry, "openclaw_post_action_queued_bytes", bytes_help, ["sink"], (sample) => {
        for (const { sink, queued_bytes } of all) sample(total(queued_bytes), sink);
    });
    const oldest_help = "How long the oldest of those entries has been held, by sink.";
    gauges.of(registry, "openclaw_post_action_oldest_seconds", oldest_help, ["sink"], (sample) => {
        for (const { sink, oldest } of all) sample(age(registry, oldest), sink);
    });
    const circuit_help = "Workers that only try single entries, as the sink keeps failing, by sink.";
    gauges.of(registry, "openclaw_post_action_circuit_open", circuit_help, ["sink"], (sample) => {
        for (const { sink, circuit } of all) sample(total(circuit), sink);
    });
}

/** Adds the gauge of queues on disk. */
function show_spools(registry: Registry, all: readonly SpoolSlot[]): void {
    const help = "Bytes of the files in which entries are kept, by sink.";
    gauges.of(registry, "openclaw_post_action_spool_bytes", help, ["sink"], (sample) => {
        for (const { sink, bytes } of all) sample(shared_memory.total(registry.region, bytes), sink);
    });
}

/** The slot in which each worker writes its part of a gauge; it falls to zero when the worker ends. Phases: init. */
export function transient_slot(registry: Registry, name: string): number {
    const [slot, err] = shared_memory.transient_slot(registry.region, name);
    if (slot !== undefined) return slot;
    ngx.log(ngx.ERR, "post_action: ", name, " is not shown: ", err);
    return shared_memory.LOST_SLOT;
}

/** Whether the registry has a sink of this name already. */
export function is_taken(registry: Registry, sink: string): boolean {
    for (const other of slots.get(registry) ?? []) {
        if (other.sink === sink) return true;
    }
    return false;
}

/** The counters and slots of one sink. Phases: init. */
function create(registry: Registry, sink: string): Figures {
    const sent = metric_registry.counter(
        registry,
        "openclaw_post_action_sent_total",
        "Entries delivered to the sink.",
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
        "Failed attempts that are repeated, by reason.",
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
    const queued_slot = transient_slot(registry, `post_action queued ${sink}`);
    const queued_bytes_slot = transient_slot(registry, `post_action queued_bytes ${sink}`);
    const oldest_slot = transient_slot(registry, `post_action oldest ${sink}`);
    const circuit_slot = transient_slot(registry, `post_action circuit ${sink}`);
    const its_slots = {
        sink,
        queued: queued_slot,
        queued_bytes: queued_bytes_slot,
        oldest: oldest_slot,
        circuit: circuit_slot,
    };
    gauges.add(slots, registry, its_slots, show_queues);
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

/** The further counters and slot of a queue on disk. Phases: init. */
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
    gauges.add(spool_slots, registry, { sink, bytes: bytes_slot }, show_spools);
    return { registry, spilled: spilled.labels(sink), failures: failures.labels(sink), bytes_slot };
}
