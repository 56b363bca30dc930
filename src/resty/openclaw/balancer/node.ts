/**
 * Nodes, and how many requests all workers have there: in flight and answered so far, in shared memory. A node is identified by
 * its address: upstreams that share an address share its counts, and these survive reloads.
 *
 * A worker holds the memory of the nodes of its upstreams, and of retired nodes until their last request has ended. When no
 * worker holds it any more, another address may get it.
 */
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { HeldRow } from "../core/memory/shared_memory/held_rows";
import * as held_rows from "../core/memory/shared_memory/held_rows";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import * as try_figures from "./try_figures";

/**
 * How a try ended. "busy": the node has no room. "neutral": the client left or made a mistake, which says nothing about the node.
 */
export type Outcome = "ok" | "failed" | "busy" | "neutral";

export interface Node {
    readonly region: Region;
    readonly row: HeldRow;
    /** As `$upstream_addr` shows it. */
    readonly address: string;
    readonly host: string;
    /** 0 for a unix socket. */
    readonly port: number;
    /** Requests in flight, and good answers so far. */
    readonly in_flight_slot: number;
    readonly answered_slot: number;
    /** The same by the `signal` of its upstreams: a request may be done with the first byte of its answer. */
    readonly load_slot: number;
    readonly done_slot: number;
    /** In the common block: its mean latency, for policies that learn it, and the approximate time of its last request. */
    readonly latency: Doubles;
    readonly active: Doubles;
    readonly outcomes: Record<Outcome, Counter>;
    /** How many peers of this worker use it. */
    peers: number;
}

interface Nodes {
    readonly by_address: LuaMap<string, Node>;
    /** Those that no peer uses any more. */
    retired: Node[];
}

/** The slots of its row. In the common block, the slot that counts the holders has the latency. */
const LATENCY = 0;
const ACTIVE = 1;
const IN_FLIGHT = 2;
const LOAD = 3;
const DONE = 4;
const ANSWERED = 5;
const SLOTS = 6;
/** The last two, the counts of answers, stay when a worker exits. */
const KEPT = 2;

/** The prefix of the name of a node's row. */
const ROW = "node ";
const ANSWERS = "openclaw_node_answers_total";
const OUTCOMES: Outcome[] = ["ok", "failed", "busy", "neutral"];
/** The time of the last request is kept with this precision, so that most requests do not write to memory that others read. */
const ACTIVE_SECONDS = 0.05;

/** Is neither before nor after any moment. */
const NO_TIME = (0 / 0) as MonotonicTime;

const nodes_by_registry = new LuaMap<Registry, Nodes>();

/** Removes the series of a node or a peer whose row was dropped. */
function forget_series(registry: Registry, row_name: string): void {
    if (string.sub(row_name, 1, ROW.length) !== ROW) {
        try_figures.forget(registry, row_name);
        return;
    }
    const address = string.sub(row_name, ROW.length + 1);
    for (const outcome of OUTCOMES) metric_registry.forget(registry, ANSWERS, address, outcome);
}

function nodes_of(registry: Registry): Nodes {
    const known = nodes_by_registry.get(registry);
    if (known !== undefined) return known;
    const nodes: Nodes = { by_address: new LuaMap(), retired: [] };
    nodes_by_registry.set(registry, nodes);
    registry.row_dropped.push((name) => forget_series(registry, name));
    return nodes;
}

/** The nodes of this worker's balancers in a registry, by address. Phases: any. */
export function all(registry: Registry): LuaMap<string, Node> {
    return nodes_of(registry).by_address;
}

function create(registry: Registry, address: string, host: string, port: number): Result<Node> {
    const region = registry.region;
    const [row, err] = held_rows.take(region, `${ROW}${address}`, SLOTS, KEPT, clock.now());
    if (row === undefined) return $multi(undefined, err);
    const answers = metric_registry.counter(
        registry,
        ANSWERS,
        "Tries at a node by how they ended: ok, failed, busy, or neutral where that tells nothing about the node.",
        ["node", "outcome"],
    );
    return $multi({
        region,
        row,
        address,
        host,
        port,
        in_flight_slot: row.slot + IN_FLIGHT,
        // Not the counter's slot: past the limit of series, many nodes share one.
        answered_slot: row.slot + ANSWERED,
        load_slot: row.slot + LOAD,
        done_slot: row.slot + DONE,
        latency: pointer_add(region.common, row.slot + LATENCY),
        active: pointer_add(region.common, row.slot + ACTIVE),
        outcomes: {
            ok: answers.labels(address, "ok"),
            failed: answers.labels(address, "failed"),
            busy: answers.labels(address, "busy"),
            neutral: answers.labels(address, "neutral"),
        },
        peers: 0,
    });
}

/** Holds the memory of a node for this worker. False if another address has it by now, which a reload may cause. */
export function hold(node: Node): boolean {
    if (ngx.get_phase() === "init") return held_rows.is_current(node.region, node.row);
    return held_rows.hold(node.region, node.row);
}

/**
 * The node at an address; always the same one in a worker. Phases: any. On failure nil and why: there is no shared memory left.
 */
export function at(registry: Registry, address: string, host: string, port: number): Result<Node> {
    const nodes = all(registry);
    const known = nodes.get(address);
    if (known !== undefined && hold(known)) return $multi(known);
    const [node, err] = create(registry, address, host, port);
    if (node === undefined) return $multi(undefined, err!);
    nodes.set(address, node);
    return $multi(node);
}

/** Records that a peer uses the node. Phases: any. */
export function join(node: Node): void {
    node.peers += 1;
}

/** Records that a peer no longer uses the node. Phases: any. */
export function leave(registry: Registry, node: Node): void {
    node.peers -= 1;
    if (node.peers === 0) nodes_of(registry).retired.push(node);
}

/** Whether the node still has its memory. A worker without a block may have lost it. Phases: any. */
export function is_current(node: Node): boolean {
    return held_rows.is_current(node.region, node.row);
}

/** Requests in flight at the node, from all workers. Phases: any. */
export function in_flight(node: Node): number {
    return shared_memory.total(node.region, node.in_flight_slot);
}

/** Releases the memory of a retired node; false while it has requests. */
function release(registry: Registry, node: Node): boolean {
    if (node.peers > 0 || !is_current(node)) return true;
    if (in_flight(node) !== 0) return false;
    held_rows.release(node.region, node.row);
    const nodes = all(registry);
    if (nodes.get(node.address) === node) nodes.delete(node.address);
    return true;
}

/** Releases the retired nodes without requests. Costs nothing if there are none. Phases: any but init. */
export function release_retired(registry: Registry): void {
    const nodes = nodes_of(registry);
    if (nodes.retired.length === 0) return;
    const left: Node[] = [];
    for (const node of nodes.retired) {
        if (!release(registry, node)) left.push(node);
    }
    nodes.retired = left;
}

/** Good answers of the node so far, to all workers, including those before a reload. Phases: any. */
export function answered(node: Node): number {
    return shared_memory.total(node.region, node.answered_slot);
}

/**
 * Counts a request that is sent to the node. Phases: balancer.
 * @param now without it, the node counts as active until it gets a request with a time
 */
export function start(node: Node, now = NO_TIME): void {
    const common = node.region.common;
    if (!(now - node.active.get(0) < ACTIVE_SECONDS)) node.active.set(0, now);
    if (!(now - common.get(shared_memory.LAST_ACTIVE) < ACTIVE_SECONDS)) {
        common.set(shared_memory.LAST_ACTIVE, now);
    }
    shared_memory.add(node.region, node.in_flight_slot, 1);
    shared_memory.add(node.region, node.load_slot, 1);
}

/** Whether any node got a request in the last so many seconds. Phases: any. */
export function is_any_active(registry: Registry, now: MonotonicTime, seconds: number): boolean {
    return !(now - registry.region.common.get(shared_memory.LAST_ACTIVE) > seconds);
}

/** Whether the node got no request in the last so many seconds. Phases: any. */
export function is_quiet(node: Node, now: MonotonicTime, seconds: number): boolean {
    return now - node.active.get(0) > seconds;
}

function count_done(node: Node, well: boolean): void {
    shared_memory.add(node.region, node.load_slot, -1);
    if (well) shared_memory.add(node.region, node.done_slot, 1);
}

/** Counts a request as done, by the `signal` of its upstream, although its answer goes on. Phases: header_filter. */
export function note_done(node: Node): void {
    count_done(node, true);
}

/** Counts the end of a request. `is_done`: whether `note_done` was called for it. Phases: balancer, log. */
export function finish(node: Node, outcome: Outcome, is_done = false): void {
    shared_memory.add(node.region, node.in_flight_slot, -1);
    if (outcome === "ok") shared_memory.add(node.region, node.answered_slot, 1);
    if (!is_done) count_done(node, outcome === "ok");
    metric_handles.add(node.outcomes[outcome]);
}

/**
 * Counts an answer that upgraded the connection, to a WebSocket for example: it stays in flight, and no longer counts as load.
 * Phases: header_filter, log.
 */
export function note_upgraded(node: Node): void {
    count_done(node, false);
    shared_memory.add(node.region, node.answered_slot, 1);
}

/** Counts the end of an upgraded connection. Phases: log. */
export function finish_upgraded(node: Node): void {
    shared_memory.add(node.region, node.in_flight_slot, -1);
    node.outcomes.ok.inc();
}

/** Requests that are not done, by the `signal` of their upstreams, from all workers. Phases: any. */
export function load(node: Node): number {
    return shared_memory.total(node.region, node.load_slot);
}

/** Requests that were answered well, by the `signal` of their upstreams, including those before a reload. Phases: any. */
export function done(node: Node): number {
    return shared_memory.total(node.region, node.done_slot);
}
