/**
 * Nodes and how many requests all workers have there: in flight and answered so far, in shared memory. A node is known
 * by its address, so its counts survive a reload that moves it, and upstreams that share it share what it is doing.
 */
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Registry } from "../metric_registry";
import * as shared_memory from "../shared_memory";
import type { Region } from "../shared_memory";

/**
 * How a try ended. "busy": the node has no room now. "neutral" tells nothing about the node: the client left, or asked
 * for what is not there.
 */
export type Outcome = "ok" | "failed" | "busy" | "neutral";

export interface Node {
    readonly region: Region;
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
    readonly outcomes: Record<Outcome, Counter>;
}

const nodes_by_registry = new LuaTable<Registry, LuaTable<string, Node>>();

/** The nodes that any balancer over a registry has had, by address. Phases: any. */
export function all(registry: Registry): LuaTable<string, Node> {
    const known = nodes_by_registry.get(registry) as LuaTable<string, Node> | undefined;
    if (known !== undefined) return known;
    const nodes = new LuaTable<string, Node>();
    nodes_by_registry.set(registry, nodes);
    return nodes;
}

function create(registry: Registry, address: string, host: string, port: number): Result<Node> {
    const region = registry.region;
    const [in_flight, err] = shared_memory.transient_slot(region, `in flight ${address}`);
    if (in_flight === undefined) return $multi(undefined, err);
    const [load, load_err] = shared_memory.transient_slot(region, `load ${address}`);
    if (load === undefined) return $multi(undefined, load_err);
    const [done, done_err] = shared_memory.slot(region, `done ${address}`);
    if (done === undefined) return $multi(undefined, done_err);
    const answers = metric_registry.counter(
        registry,
        "openclaw_node_answers_total",
        "Tries at a node by how they ended: ok, failed, busy, or neutral where that tells nothing about the node.",
        ["node", "outcome"],
    );
    // Not by the counter's slot: past the limit of series it would be one for many nodes.
    const [answered, answered_err] = shared_memory.slot(region, `answered ${address}`);
    if (answered === undefined) return $multi(undefined, answered_err);
    return $multi({
        region,
        address,
        host,
        port,
        in_flight_slot: in_flight,
        answered_slot: answered,
        load_slot: load,
        done_slot: done,
        outcomes: {
            ok: answers.labels(address, "ok"),
            failed: answers.labels(address, "failed"),
            busy: answers.labels(address, "busy"),
            neutral: answers.labels(address, "neutral"),
        },
    });
}

/**
 * The node with this address; the same one for everybody. Phases: any. On failure nil and why: there is no shared memory
 * left.
 */
export function at(registry: Registry, address: string, host: string, port: number): Result<Node> {
    const nodes = all(registry);
    const known = nodes.get(address) as Node | undefined;
    if (known !== undefined) return $multi(known);
    const [node, err] = create(registry, address, host, port);
    if (node === undefined) return $multi(undefined, err!);
    nodes.set(address, node);
    return $multi(node);
}

/** Requests that the node works on now, for all workers. Phases: any. */
export function in_flight(node: Node): number {
    return shared_memory.total(node.region, node.in_flight_slot);
}

/** Good answers of the node so far, to all workers, over all reloads. Phases: any. */
export function answered(node: Node): number {
    return shared_memory.total(node.region, node.answered_slot);
}

/** Counts a request that goes to the node. Phases: balancer. */
export function start(node: Node): void {
    shared_memory.add(node.region, node.in_flight_slot, 1);
    shared_memory.add(node.region, node.load_slot, 1);
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

/** Requests that are not done as their upstreams see it, for all workers. Phases: any. */
export function load(node: Node): number {
    return shared_memory.total(node.region, node.load_slot);
}

/** Requests that were done well as their upstreams see it, to all workers, over all reloads. Phases: any. */
export function done(node: Node): number {
    return shared_memory.total(node.region, node.done_slot);
}
