/** Metrics of upstreams and their nodes, computed at each scrape. */
import type { Entries } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Registry } from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import * as left_out from "./left_out";
import type { Peer, Upstream } from "./model";
import * as nodes from "./node";
import type { State } from "./peer";
import * as peer_of from "./peer";
import * as upstreams from "./upstream";

const shown_by_registry: Entries<Upstream> = new LuaMap();

const STATES: State[] = ["healthy", "busy", "down", "half_open", "draining"];

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
    gauges.of(registry, "openclaw_node_in_flight", "Requests that a node works on now.", ["node"], (sample) => {
        // `sample` may yield, and nodes must not be added during the loop over them.
        const all = nodes.all(registry);
        const addresses: string[] = [];
        for (const [address] of all) addresses.push(address);
        for (const address of addresses) {
            const node = all.get(address);
            if (node === undefined) continue;
            const count = nodes.in_flight(node);
            // A removed node is shown until its last request has ended.
            if (count !== 0 || is_in_force(registry, address)) sample(count, address);
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
    gauges.of(registry, name, help, ["upstream", "node"], (sample) => {
        each_peer(registry, (upstream, peer) => {
            const value = figure(upstream, peer);
            if (value !== undefined) sample(value, upstream.name, peer.node.address);
        });
    });
}

function show_states(registry: Registry): void {
    const help = "1 for the state a node is in for an upstream, 0 for all others.";
    gauges.of(registry, "openclaw_upstream_node_state", help, ["upstream", "node", "state"], (sample) => {
        const now = clock.now();
        each_peer(registry, (upstream, peer) => {
            const present = peer_of.state(peer, now);
            for (const state of STATES) {
                sample(state === present ? 1 : 0, upstream.name, peer.node.address, state);
            }
        });
    });
}

function show_left_out(registry: Registry): void {
    const help = "1 for each node that gets no requests from an upstream, with the reason.";
    gauges.of(registry, "openclaw_upstream_node_left_out", help, ["upstream", "node", "reason"], (sample) => {
        const now = clock.now();
        each_peer(registry, (upstream, peer) => {
            const reason = left_out.reason(peer, now);
            if (reason !== undefined) sample(1, upstream.name, peer.node.address, reason);
        });
    });
}

function show_degraded(registry: Registry): void {
    const help = "1 while an upstream's requests go to its fallback at once.";
    gauges.of(registry, "openclaw_upstream_degraded", help, ["upstream"], (sample) => {
        for (const upstream of shown(registry)) {
            if (upstream.fallback !== undefined) sample(upstreams.is_degraded(upstream) ? 1 : 0, upstream.name);
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

/** Adds the gauges of upstreams. */
function show_all(registry: Registry): void {
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

/** Shows the nodes of an upstream. Raises if there is an upstream of this name already. Phases: init. */
export function show(registry: Registry, upstream: Upstream): void {
    for (const other of shown(registry)) {
        if (other.name === upstream.name) error(`balancer "${upstream.name}": another one has this name`, 0);
    }
    gauges.add(shown_by_registry, registry, upstream, show_all);
}
