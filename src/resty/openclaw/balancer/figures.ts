/** What balancers show of their nodes; worked out when somebody looks. */
import * as metric_registry from "../metric_registry";
import type { Emit, Registry } from "../metric_registry";
import * as ejection from "./ejection";
import * as nodes from "./node";
import type { Node } from "./node";
import type { Peers } from "./peers";
import type { Policy } from "./policy";

interface Shown {
    readonly name: string;
    readonly peers: Peers;
    readonly policy: Policy;
}

const shown_by_registry = new LuaTable<Registry, Shown[]>();

function show_nodes(registry: Registry, name: string, help: string, figure: (this: void, node: Node) => number): void {
    metric_registry.collect(registry, {
        name,
        kind: "gauge",
        help,
        collect: (emit: Emit) => {
            for (const [address, node] of pairs(nodes.all(registry))) {
                emit(metric_registry.label_text(["node"], [address]), figure(node));
            }
        },
    });
}

type Figure = (this: void, policy: Policy, index: number) => number | undefined;

function show_policies(registry: Registry, name: string, help: string, figure: Figure): void {
    metric_registry.collect(registry, {
        name,
        kind: "gauge",
        help,
        collect: (emit: Emit) => {
            for (const shown of shown_by_registry.get(registry)) {
                for (const index of $range(0, shown.peers.size - 1)) {
                    const value = figure(shown.policy, index);
                    const labels = [shown.name, shown.peers.nodes[index]!.address];
                    if (value !== undefined) emit(metric_registry.label_text(["upstream", "node"], labels), value);
                }
            }
        },
    });
}

function weight(policy: Policy, index: number): number {
    return policy.weight(index);
}

function service_seconds(policy: Policy, index: number): number | undefined {
    return policy.service_seconds?.(index);
}

function concurrency(policy: Policy, index: number): number | undefined {
    return policy.concurrent_requests?.(index);
}

function up(node: Node): number {
    return ejection.is_ejected(node.record) ? 0 : 1;
}

/** Adds an upstream to those whose nodes are shown. Phases: init. */
export function show(registry: Registry, upstream: Shown): void {
    const others = shown_by_registry.get(registry) as Shown[] | undefined;
    if (others !== undefined) {
        others.push(upstream);
        return;
    }
    shown_by_registry.set(registry, [upstream]);
    show_nodes(registry, "openclaw_node_in_flight", "Requests that a node works on now.", nodes.in_flight);
    show_nodes(registry, "openclaw_node_up", "1, or 0 while a node is kept out for failing.", up);
    show_policies(
        registry,
        "openclaw_upstream_node_weight",
        "A node's weight: learned, where 1 is an equal share of the requests, or static.",
        weight,
    );
    show_policies(
        registry,
        "openclaw_upstream_node_service_seconds",
        "Mean time a node works on one request, waiting left out, as the answering worker has learned it.",
        service_seconds,
    );
    show_policies(
        registry,
        "openclaw_upstream_node_concurrency",
        "How many requests a node works on side by side, as the answering worker has learned it.",
        concurrency,
    );
}
