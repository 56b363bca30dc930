/** Metrics of upstreams and their nodes, computed at each scrape. */
import type { Emit, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import * as left_out from "./left_out";
import type { Peer, Upstream } from "./model";
import * as nodes from "./node";
import type { State } from "./peer";
import * as peer_of from "./peer";
import * as upstreams from "./upstream";

const shown_by_registry = new LuaMap<Registry, Upstream[]>();

const STATES: State[] = ["healthy", "busy", "down", "half_open", "draining"];

function collect(registry: Registry, name: string, help: string, figure: (this: void, emit: Emit) => void): void {
    metric_registry.collect(registry, { name, kind: "gauge", help, collect: figure });
}

/** The upstreams whose nodes are shown. */
function shown(registry: Registry): readonly Upstream[] {
    return shown_by_registry.get(registry) ?? [];
}

/** Whether a node is in the list of some upstream. */
function is_in_force(registry: Registry, address: string): boolean {
    for (const upstream of shown(registry)) {
        if (upstream.membership.by_address.has(address)) return true;
    }
    return false;
}

function show_in_flight(registry: Registry): void {
    collect(registry, "openclaw_node_in_flight", "Requests that a node works on now.", (emit) => {
        // `emit` may yield, and nodes must not be added during the loop over them.
        const all = nodes.all(registry);
        const addresses: string[] = [];
        for (const [address] of all) addresses.push(address);
        for (const address of addresses) {
            const node = all.get(address);
            if (node === undefined) continue;
            const count = nodes.in_flight(node);
            // A removed node is shown until its last request has ended.
            if (count !== 0 || is_in_force(registry, address)) {
                emit(metric_registry.label_text(["node"], [address]), count);
            }
        }
    });
}

/** Visits the peers of all upstreams. */
function each_peer(registry: Registry, visit: (this: void, upstream: Upstream, peer: Peer) => void): void {
    for (const upstream of shown(registry)) {
        const peers = upstream.pool.peers;
        for (const place of $range(0, peers.length - 1)) visit(upstream, peers[place]!);
    }
}

type Figure = (this: void, upstream: Upstream, peer: Peer) => number | undefined;

function show_peers(registry: Registry, name: string, help: string, figure: Figure): void {
    collect(registry, name, help, (emit) => {
        each_peer(registry, (upstream, peer) => {
            const value = figure(upstream, peer);
            const labels = [upstream.name, peer.node.address];
            if (value !== undefined) emit(metric_registry.label_text(["upstream", "node"], labels), value);
        });
    });
}

function show_states(registry: Registry): void {
    const help = "1 for the state a node is in for an upstream, 0 for all others.";
    collect(registry, "openclaw_upstream_node_state", help, (emit) => {
        const now = clock.now();
        each_peer(registry, (upstream, peer) => {
            const present = peer_of.state(peer, now);
            for (const state of STATES) {
                const labels = [upstream.name, peer.node.address, state];
                emit(metric_registry.label_text(["upstream", "node", "state"], labels), state === present ? 1 : 0);
            }
        });
    });
}

function show_left_out(registry: Registry): void {
    const help = "1 for each node that gets no requests from an upstream, with the reason.";
    collect(registry, "openclaw_upstream_node_left_out", help, (emit) => {
        const now = clock.now();
        each_peer(registry, (upstream, peer) => {
            const reason = left_out.reason(peer, now);
            if (reason === undefined) return;
            const labels = [upstream.name, peer.node.address, reason];
            emit(metric_registry.label_text(["upstream", "node", "reason"], labels), 1);
        });
    });
}

function show_degraded(registry: Registry): void {
    const help = "1 while an upstream's requests go to its fallback at once.";
    collect(registry, "openclaw_upstream_degraded", help, (emit) => {
        for (const upstream of shown(registry)) {
            if (upstream.fallback !== undefined) {
                const value = upstreams.is_degraded(upstream) ? 1 : 0;
                emit(metric_registry.label_text(["upstream"], [upstream.name]), value);
            }
        }
    });
}

function weight(upstream: Upstream, peer: Peer): number {
    return upstream.policy.weight(peer, upstream.pool.peers);
}

function service_seconds(upstream: Upstream, peer: Peer): number | undefined {
    return upstream.policy.service_seconds?.(peer);
}

function concurrency(upstream: Upstream, peer: Peer): number | undefined {
    return upstream.policy.concurrent_requests?.(peer);
}

/** Shows the nodes of an upstream. Raises if there is an upstream of this name already. Phases: init. */
export function show(registry: Registry, upstream: Upstream): void {
    const others = shown_by_registry.get(registry);
    if (others !== undefined) {
        for (const other of others) {
            if (other.name === upstream.name) error(`balancer "${upstream.name}": another one has this name`, 0);
        }
        others.push(upstream);
        return;
    }
    shown_by_registry.set(registry, [upstream]);
    show_in_flight(registry);
    show_states(registry);
    show_left_out(registry);
    show_degraded(registry);
    show_peers(
        registry,
        "openclaw_upstream_node_weight",
        "A node's weight: learned, where 1 is an equal share of the requests, or static.",
        weight,
    );
    show_peers(
        registry,
        "openclaw_upstream_node_service_seconds",
        "Mean time a node works on one request, waiting left out, as the answering worker has learned it.",
        service_seconds,
    );
    show_peers(
        registry,
        "openclaw_upstream_node_concurrency",
        "How many requests a node works on side by side, as the answering worker has learned it.",
        concurrency,
    );
}
