/**
 * Nodes and what all workers know of them: requests in flight, answers and failures so far, in shared memory. A node is
 * known by its address, so its figures survive a reload that moves it, and upstreams that share it share what is known.
 */
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Registry } from "../metric_registry";
import * as shared_memory from "../shared_memory";
import type { Region } from "../shared_memory";
import * as ejection from "./ejection";

/** How a try ended; "neutral" tells nothing about the node: the client left, or asked for what is not there. */
export type Outcome = "ok" | "failed" | "neutral";

/** Wants to know how tries at a node end; `seconds` is the whole time a try took, where it is known. */
export interface Learner {
    succeeded?(index: number, now: number, seconds: number | undefined): void;
    failed?(index: number): void;
}

type Succeeded = (this: void, now: number, seconds: number | undefined) => void;
type Failed = (this: void) => void;

export interface Node {
    readonly region: Region;
    /** As `$upstream_addr` shows it. */
    readonly address: string;
    readonly host: string;
    /** 0 for a unix socket. */
    readonly port: number;
    readonly in_flight_slot: number;
    readonly answered_slot: number;
    /** Its failures, in the common block; `ejection` knows what is where. */
    readonly record: Doubles;
    readonly outcomes: Record<Outcome, Counter>;
    /** Tell all who learn from the node. */
    succeeded: Succeeded;
    failed: Failed;
    /** Whether one of them learns from the seconds that a try took. */
    wants_seconds: boolean;
}

const nodes_by_registry = new LuaTable<Registry, LuaTable<string, Node>>();

/** The nodes of all balancers over one registry, by address. Phases: any. */
export function all(registry: Registry): LuaTable<string, Node> {
    const known = nodes_by_registry.get(registry) as LuaTable<string, Node> | undefined;
    if (known !== undefined) return known;
    const nodes = new LuaTable<string, Node>();
    nodes_by_registry.set(registry, nodes);
    return nodes;
}

function demand(address: string, slot: number | undefined, err: string | undefined): number {
    if (slot === undefined) error(`balancer: no shared memory for node ${address}: ${err}`, 0);
    return slot;
}

function nobody(this: void): void {
    return;
}

function create(registry: Registry, address: string, host: string, port: number): Node {
    const region = registry.region;
    const answers = metric_registry.counter(
        registry,
        "openclaw_node_answers_total",
        "Tries at a node by how they ended: ok, failed, or neutral where the outcome tells nothing about the node.",
        ["node", "outcome"],
    );
    const ok = answers.labels(address, "ok");
    const [in_flight, in_flight_err] = shared_memory.transient_slot(region, `in flight ${address}`);
    const [record, record_err] = shared_memory.slot(region, `failures ${address}`, ejection.RECORD_SLOTS);
    return {
        region,
        address,
        host,
        port,
        in_flight_slot: demand(address, in_flight, in_flight_err),
        answered_slot: ok.slot,
        record: pointer_add(region.common, demand(address, record, record_err)),
        outcomes: { ok, failed: answers.labels(address, "failed"), neutral: answers.labels(address, "neutral") },
        succeeded: nobody,
        failed: nobody,
        wants_seconds: false,
    };
}

/** The node with this address; the same one for everybody. Raises when there is no shared memory left. Phases: init. */
export function at(registry: Registry, address: string, host: string, port: number): Node {
    const nodes = all(registry);
    const known = nodes.get(address) as Node | undefined;
    if (known !== undefined) return known;
    const node = create(registry, address, host, port);
    nodes.set(address, node);
    return node;
}

/**
 * Lets a policy learn from the node, which it knows by an index. A chain of functions, not a list, as LuaJIT compiles
 * calls well and loops of one turn badly. Phases: init.
 */
export function teach(node: Node, learner: Learner, index: number): void {
    const { succeeded, failed } = node;
    if (learner.succeeded !== undefined) {
        node.succeeded = (now: number, seconds: number | undefined) => {
            succeeded(now, seconds);
            learner.succeeded!(index, now, seconds);
        };
    }
    if (learner.failed !== undefined) {
        node.failed = () => {
            failed();
            learner.failed!(index);
        };
    }
}

/** Requests that the node works on now, for all workers. Phases: any. */
export function in_flight(node: Node): number {
    return shared_memory.total(node.region, node.in_flight_slot);
}

/** Successful answers of the node so far, to all workers, over all reloads. Phases: any. */
export function answered(node: Node): number {
    return shared_memory.total(node.region, node.answered_slot);
}

/** Counts a request that goes to the node. Phases: balancer. */
export function start(node: Node): void {
    shared_memory.add(node.region, node.in_flight_slot, 1);
}

/** Counts a request that came back from the node, and tells all who learn from it. Phases: balancer, log. */
export function finish(node: Node, outcome: Outcome, now: number, seconds: number | undefined): void {
    shared_memory.add(node.region, node.in_flight_slot, -1);
    node.outcomes[outcome].inc();
    if (outcome === "ok") {
        ejection.succeeded(node.record, now);
        node.succeeded(now, seconds);
    } else if (outcome === "failed") {
        ejection.failed(node.record, now, math.random());
        node.failed();
    } else {
        ejection.told_nothing(node.record);
    }
}
