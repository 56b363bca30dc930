/**
 * Nodes and how many requests all workers have there: in flight and answered so far, in shared memory. A node is known
 * by its address, so its counts survive a reload that moves it, and upstreams that share it share what it is doing.
 *
 * A worker holds the memory of the nodes that its upstreams have, and of those that have left, until their last request
 * has ended. When no worker holds it any more, another address gets it.
 */
import * as clock from "../core/time/clock";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Registry } from "../core/metrics/metric_registry";
import * as shared_memory from "../core/memory/shared_memory";
import type { Region } from "../core/memory/shared_memory";
import * as held_rows from "../core/memory/shared_memory/held_rows";
import type { HeldRow } from "../core/memory/shared_memory/held_rows";
import * as try_figures from "./try_figures";

/**
 * How a try ended. "busy": the node has no room now. "neutral" tells nothing about the node: the client left, or asked
 * for what is not there.
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
    /** Requests that the node works on, and good answers so far. */
    readonly in_flight_slot: number;
    readonly answered_slot: number;
    /** The same as its upstreams see it, where a request may be done with the first byte of its answer. */
    readonly load_slot: number;
    readonly done_slot: number;
    /** In the common block: its mean latency, for policies that learn it, and about when it last got a request. */
    readonly latency: Doubles;
    readonly active: Doubles;
    readonly outcomes: Record<Outcome, Counter>;
    /** How many peers of this worker are at it. */
    peers: number;
}

interface Nodes {
    readonly by_address: LuaTable<string, Node>;
    /** Those that no peer is at any more. */
    leaving: Node[];
}

/** What its row has. In the common block the slot of the holders has the latency. */
const LATENCY = 0;
const ACTIVE = 1;
const IN_FLIGHT = 2;
const LOAD = 3;
const DONE = 4;
const ANSWERED = 5;
const SLOTS = 6;
/** Answers stay when a worker is gone. */
const KEPT = 2;

/** What begins the name of a node's row. */
const ROW = "node ";
const ANSWERS = "openclaw_node_answers_total";
const OUTCOMES: Outcome[] = ["ok", "failed", "busy", "neutral"];
/** When a node last got a request is noted to so many seconds, so that most requests write nothing that others read. */
const ACTIVE_SECONDS = 0.05;

/** Differs from all times. */
const NO_TIME = 0 / 0;

const nodes_by_registry = new LuaTable<Registry, Nodes>();

/** The series of a node, or of a peer, go when its memory does. */
function forget_series(registry: Registry, row_name: string): void {
    if (string.sub(row_name, 1, ROW.length) !== ROW) {
        try_figures.forget(registry, row_name);
        return;
    }
    const address = string.sub(row_name, ROW.length + 1);
    for (const outcome of OUTCOMES) metric_registry.forget(registry, ANSWERS, address, outcome);
}

function nodes_of(registry: Registry): Nodes {
    const known = nodes_by_registry.get(registry) as Nodes | undefined;
    if (known !== undefined) return known;
    const nodes: Nodes = { by_address: new LuaTable(), leaving: [] };
    nodes_by_registry.set(registry, nodes);
    registry.row_dropped.push((name) => forget_series(registry, name));
    return nodes;
}

/** The nodes that this worker's balancers over a registry have, by address. Phases: any. */
export function all(registry: Registry): LuaTable<string, Node> {
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
        // Not the counter's slot: past the limit of series it would be one for many nodes.
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

/** Whether this worker may use the node, which it holds from now on; after a reload another address may have its memory. */
export function hold(node: Node): boolean {
    if (ngx.get_phase() === "init") return held_rows.is_current(node.region, node.row);
    return held_rows.hold(node.region, node.row);
}

/**
 * The node with this address; the same one for everybody in this worker. Phases: any. On failure nil and why: there is no
 * shared memory left.
 */
export function at(registry: Registry, address: string, host: string, port: number): Result<Node> {
    const nodes = all(registry);
    const known = nodes.get(address) as Node | undefined;
    if (known !== undefined && hold(known)) return $multi(known);
    const [node, err] = create(registry, address, host, port);
    if (node === undefined) return $multi(undefined, err!);
    nodes.set(address, node);
    return $multi(node);
}

/** Notes that a peer is at the node. Phases: any. */
export function join(node: Node): void {
    node.peers += 1;
}

/** Notes that a peer is at the node no more. Phases: any. */
export function leave(registry: Registry, node: Node): void {
    node.peers -= 1;
    if (node.peers === 0) nodes_of(registry).leaving.push(node);
}

/** Whether the node's memory is still its own. A worker that has no block may have lost it. Phases: any. */
export function is_current(node: Node): boolean {
    return held_rows.is_current(node.region, node.row);
}

/** Requests that the node works on now, for all workers. Phases: any. */
export function in_flight(node: Node): number {
    return shared_memory.total(node.region, node.in_flight_slot);
}

/** Lets go of a node that no peer is at, once its last request has ended; false while it has some. */
function let_go(registry: Registry, node: Node): boolean {
    if (node.peers > 0 || !is_current(node)) return true;
    if (in_flight(node) !== 0) return false;
    held_rows.release(node.region, node.row);
    const nodes = all(registry);
    if (nodes.get(node.address) === node) nodes.delete(node.address);
    return true;
}

/** Lets go of nodes that have left and have no request any more. Costs nothing where none has left. Phases: any but init. */
export function settle(registry: Registry): void {
    const nodes = nodes_of(registry);
    if (nodes.leaving.length === 0) return;
    const left: Node[] = [];
    for (const node of nodes.leaving) {
        if (!let_go(registry, node)) left.push(node);
    }
    nodes.leaving = left;
}

/** Good answers of the node so far, to all workers, over all reloads. Phases: any. */
export function answered(node: Node): number {
    return shared_memory.total(node.region, node.answered_slot);
}

/**
 * Counts a request that goes to the node. Phases: balancer.
 * @param now the time in seconds; without one, all who wait for activity look at the node from now on
 */
export function start(node: Node, now = NO_TIME): void {
    const common = node.region.common;
    if (!(math.abs(now - node.active.get(0)) < ACTIVE_SECONDS)) node.active.set(0, now);
    if (!(math.abs(now - common.get(shared_memory.LAST_ACTIVE)) < ACTIVE_SECONDS)) {
        common.set(shared_memory.LAST_ACTIVE, now);
    }
    shared_memory.add(node.region, node.in_flight_slot, 1);
    shared_memory.add(node.region, node.load_slot, 1);
}

/** About when any node last got a request; no number when nobody knows. Phases: any. */
export function last_active(registry: Registry): number {
    return registry.region.common.get(shared_memory.LAST_ACTIVE);
}

/** Whether the node has had no request for so many seconds. Phases: any. */
export function is_quiet(node: Node, now: number, seconds: number): boolean {
    return math.abs(now - node.active.get(0)) > seconds;
}

function count_done(node: Node, well: boolean): void {
    shared_memory.add(node.region, node.load_slot, -1);
    if (well) shared_memory.add(node.region, node.done_slot, 1);
}

/** Counts a request as done well, as its upstream sees it, although its answer goes on. Phases: header_filter. */
export function note_done(node: Node): void {
    count_done(node, true);
}

/**
 * Counts a request that came back from the node. `is_done`: whether `note_done` was called for it. Phases: balancer, log.
 */
export function finish(node: Node, outcome: Outcome, is_done = false): void {
    shared_memory.add(node.region, node.in_flight_slot, -1);
    if (outcome === "ok") shared_memory.add(node.region, node.answered_slot, 1);
    if (!is_done) count_done(node, outcome === "ok");
    node.outcomes[outcome].inc();
}

/**
 * Counts an answer that turned its connection into another kind, such as a WebSocket: it stays in flight, and is no work
 * from then on. Phases: header_filter, log.
 */
export function note_upgraded(node: Node): void {
    count_done(node, false);
    shared_memory.add(node.region, node.answered_slot, 1);
}

/** Counts the end of such a connection. Phases: log. */
export function finish_upgraded(node: Node): void {
    shared_memory.add(node.region, node.in_flight_slot, -1);
    node.outcomes.ok.inc();
}

/** Requests that are not done as their upstreams see it, for all workers. Phases: any. */
export function load(node: Node): number {
    return shared_memory.total(node.region, node.load_slot);
}

/** Requests that were done well as their upstreams see it, to all workers, over all reloads. Phases: any. */
export function done(node: Node): number {
    return shared_memory.total(node.region, node.done_slot);
}
