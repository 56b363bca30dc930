/**
 * Chooses the node for each request of an upstream, by a policy, and learns from how each try ends.
 *
 * Each try that is counted in is counted out once: at the next try, or in the log phase, where one call settles what a
 * request has left, in whatever upstream it was. Which try that is stands in one table of the worker, by request: unlike
 * `ngx.ctx` that outlives internal redirects, and it tells our requests from those that nginx sent to the same node.
 */
import * as nginx_balancer from "ngx.balancer";
import * as ejection from "./balancer/ejection";
import * as figures from "./balancer/figures";
import * as latency_buckets from "./balancer/latency_buckets";
import * as least_conn from "./balancer/least_conn";
import * as outcome from "./balancer/outcome";
import * as nodes from "./balancer/node";
import type { Node } from "./balancer/node";
import * as peers_of from "./balancer/peers";
import type { Peers } from "./balancer/peers";
import type { Candidates, NewPolicy, Policy } from "./balancer/policy";
import * as round_robin from "./balancer/round_robin";
import * as xed from "./balancer/xed";
import * as faults from "./fault";
import type { Faults } from "./fault";
import type { Counter } from "./metric_handles";
import * as ffi from "ffi";
import * as metric_registry from "./metric_registry";
import type { Registry } from "./metric_registry";
import * as read from "./options";
import * as request from "./request";
import * as shared_memory from "./shared_memory";
import * as upstream_tries from "./upstream_tries";

export interface Balancer {
    readonly name: string;
    readonly peers: Peers;
    readonly policy: Policy;
    /** How many different nodes one request may come to. */
    readonly tries: number;
    readonly candidates: Candidates;
    /** Which nodes the present request came to already; 1 or 0 for each. */
    readonly tried: Doubles;
    /** Tries at each node for this upstream. */
    readonly sent: Counter[];
    readonly registry: Registry;
    readonly faults: Faults;
    is_ticking: boolean;
    init_worker(): void;
    balance(): void;
    log(): void;
    exit_worker(): void;
}

const OPTIONS = ["name", "nodes", "policy", "tries", "buckets", "dict"];
const POLICIES: Record<string, NewPolicy> = {
    xed: xed.new,
    round_robin: round_robin.new,
    least_conn: least_conn.new,
    latency_buckets: latency_buckets.new,
};
const POLICY_NAMES = ["xed", "round_robin", "least_conn", "latency_buckets"];

const DEFAULT_TRIES = 3;
const TICK_SECONDS = 0.1;
const BAD_GATEWAY = 502;
const SERVICE_UNAVAILABLE = 503;

function tick(premature: boolean, balancer: Balancer): void {
    if (!premature) balancer.policy.tick?.(request.now());
}

/** Begins the policy's regular work in this worker. Phases: init_worker; `balance` does it where it was not called. */
function init_worker(this: Balancer): void {
    if (this.is_ticking) return;
    this.is_ticking = true;
    if (this.policy.tick === undefined) return;
    const [ok, err] = ngx.timer.every(TICK_SECONDS, tick, this);
    if (!ok) this.faults.report("timer", err);
}

/** The node that each request of this worker is at, by the request's key. */
const present_node = new LuaTable<number, Node>();

/** Counts a request out of the node it is at, if it is at one of ours. */
function settle(key: number, status: string, seconds: string | undefined): void {
    const node = present_node.get(key) as Node | undefined;
    if (node === undefined) return;
    present_node.delete(key);
    nodes.finish(node, outcome.of_status(status), request.now(), tonumber(seconds));
}

/** As `settle`; of a request's tries, at other upstreams too, the last one at the node is what counts. */
function settle_one_of_several(key: number, node: Node, statuses: string, seconds: string | undefined): void {
    let its_status = "-";
    let its_seconds: string | undefined;
    for (const attempt of upstream_tries.parse(request.variable("upstream_addr") ?? "", statuses, seconds)) {
        if (attempt.address === node.address) {
            its_status = attempt.status;
            its_seconds = attempt.response_seconds;
        }
    }
    settle(key, its_status, its_seconds);
}

/** The status of the last try before the pass that nginx begins now: that of a pass which a redirect ended. */
function status_before(): string {
    const statuses = upstream_tries.tried(request.variable("upstream_status") ?? "");
    return statuses[statuses.length - 1] ?? "-";
}

/** Fills in the candidates for a first try; returns an ejected node whose time is over, or -1. */
function find_candidates(balancer: Balancer, now: number): number {
    const candidates = balancer.candidates;
    const peers = balancer.peers;
    let count = 0;
    let to_probe = -1;
    for (const index of $range(0, peers.size - 1)) {
        const record = peers.nodes[index]!.record;
        if (!ejection.is_ejected(record)) {
            candidates.index.set(count, index);
            count += 1;
        } else if (ejection.wants_probe(record, now)) {
            to_probe = index;
        }
    }
    candidates.count = count;
    return to_probe;
}

/** Fills in the candidates among nodes that were not tried; with `ejected_too` those that were ejected as well. */
function find_untried(balancer: Balancer, ejected_too: boolean): void {
    const candidates = balancer.candidates;
    const peers = balancer.peers;
    candidates.count = 0;
    for (const index of $range(0, peers.size - 1)) {
        if (balancer.tried.get(index) === 0 && (ejected_too || !ejection.is_ejected(peers.nodes[index]!.record))) {
            candidates.index.set(candidates.count, index);
            candidates.count += 1;
        }
    }
}

/** The node for a request that has not come to any yet. */
function first_choice(balancer: Balancer, now: number): number {
    const to_probe = find_candidates(balancer, now);
    if (to_probe >= 0) {
        ejection.probe(balancer.peers.nodes[to_probe]!.record, now);
        return to_probe;
    }
    if (balancer.candidates.count === 0) find_untried(balancer, true);
    return balancer.policy.pick(balancer.candidates, now);
}

/** Whether the last try met a kept-alive connection that the node had closed: connected, but not a byte came back. */
function was_stale_connection(status: number): boolean {
    if (status !== BAD_GATEWAY) return false;
    const connect_times = upstream_tries.tried(request.variable("upstream_connect_time") ?? "");
    const header_times = upstream_tries.tried(request.variable("upstream_header_time") ?? "");
    return connect_times[connect_times.length - 1] !== "-" && header_times[header_times.length - 1] === "-";
}

/** The node for a request whose last try has just failed with this status; -1 when none is left. */
function next_choice(balancer: Balancer, now: number, status: number): number {
    const peers = balancer.peers;
    const addresses = upstream_tries.tried(request.variable("upstream_addr") ?? "");
    const left = math.min(balancer.tries, peers.size) - addresses.length;
    if (left === 0 && was_stale_connection(status)) return peers.index_of.get(addresses[addresses.length - 1]!) ?? -1;
    if (left <= 0) return -1;
    for (const address of addresses) {
        const tried = peers.index_of.get(address) as number | undefined;
        if (tried !== undefined) balancer.tried.set(tried, 1);
    }
    find_untried(balancer, false);
    if (balancer.candidates.count === 0) find_untried(balancer, true);
    ffi.fill(balancer.tried, peers.size * 8);
    return balancer.candidates.count === 0 ? -1 : balancer.policy.pick(balancer.candidates, now);
}

/** Answers 503 with the time after which another try makes sense. */
function decline(balancer: Balancer, now: number): void {
    let seconds = 10;
    for (const index of $range(0, balancer.peers.size - 1)) {
        seconds = math.min(seconds, ejection.seconds_left(balancer.peers.nodes[index]!.record, now));
    }
    ngx.header["Retry-After"] = math.max(1, math.ceil(seconds));
    balancer.faults.report("no_node_left", 'no node of upstream "', balancer.name, '" is left to try');
    ngx.exit(SERVICE_UNAVAILABLE);
}

/**
 * Chooses a node for this try. When all were tried, answers 503 with `Retry-After`. Phases: balancer.
 */
function balance(this: Balancer): void {
    if (!this.is_ticking) this.init_worker();
    const now = request.now();
    // A subrequest (a background update of the cache) has no log phase in which it could be counted out again.
    const key = request.is_subrequest() ? 0 : request.key();
    const [failure, status] = nginx_balancer.get_last_failure();
    let index: number;
    if (failure === undefined) {
        if (present_node.has(key)) settle(key, status_before(), undefined);
        // One more than there are tries, so that nginx asks again when all have failed and hears that none is left.
        nginx_balancer.set_more_tries(this.tries);
        index = first_choice(this, now);
    } else {
        settle(key, tostring(status ?? BAD_GATEWAY), undefined);
        index = next_choice(this, now, status ?? BAD_GATEWAY);
    }
    if (index < 0) {
        decline(this, now);
        return;
    }
    const node = this.peers.nodes[index]!;
    const [ok, err] = nginx_balancer.set_current_peer(node.host, node.port);
    if (ok !== true) {
        this.faults.report("set_peer", node.address, ": ", err);
        ngx.exit(SERVICE_UNAVAILABLE);
        return;
    }
    if (key !== 0) {
        nodes.start(node);
        present_node.set(key, node);
    }
    this.sent[index]!.inc();
}

/**
 * Settles what the request has left to settle, in whatever upstreams it was; to be called once for each request.
 * Phases: log.
 */
function log(this: Balancer): void {
    const key = request.key();
    const node = present_node.get(key) as Node | undefined;
    if (node === undefined) return;
    const status = request.variable("upstream_status") ?? "-";
    const seconds = node.wants_seconds ? request.variable("upstream_response_time") : undefined;
    if (upstream_tries.is_single(status)) settle(key, status, seconds);
    else settle_one_of_several(key, node, status, seconds);
}

/** Gives back the worker's part of the shared memory. Phases: exit_worker. */
function exit_worker(this: Balancer): void {
    shared_memory.release(this.registry.region);
}

const metatable = { __index: { init_worker, balance, log, exit_worker } };

/**
 * A balancer. Raises when an option is wrong. Phases: init.
 * @param options name, nodes, policy ("xed"), tries (3), buckets (of latency_buckets), dict ("openclaw")
 */
function create(options: unknown): Balancer {
    const given = read.check("balancer", options, OPTIONS);
    const name = read.text("balancer", given, "name");
    const owner = `balancer "${name}"`;
    const registry = metric_registry.open(read.text(owner, given, "dict", "openclaw"));
    if (!registry.region.shared) error(`${owner}: nginx.conf needs "lua_shared_dict openclaw 10m;"`, 0);
    const peers = peers_of.new(owner, registry, given);
    const policy = POLICIES[read.one_of(owner, given, "policy", POLICY_NAMES, "xed")]!(peers, owner, given);
    const tries = metric_registry.counter(
        registry,
        "openclaw_upstream_tries_total",
        "Tries at a node for an upstream; a request that was retried counts at each node it came to.",
        ["upstream", "node"],
    );
    const sent: Counter[] = [];
    for (const index of $range(0, peers.size - 1)) {
        const node = peers.nodes[index]!;
        nodes.teach(node, policy, index);
        node.wants_seconds = node.wants_seconds || policy.wants_seconds === true;
        sent.push(tries.labels(name, node.address));
    }
    const fields = {
        name,
        peers,
        policy,
        tries: read.whole(owner, given, "tries", 1, DEFAULT_TRIES),
        candidates: { index: ffi.new("double[?]", peers.size), count: 0 },
        tried: ffi.new("double[?]", peers.size),
        sent,
        registry,
        faults: faults.new("balancer", registry),
        is_ticking: false,
    };
    const balancer = setmetatable(fields, metatable) as unknown as Balancer;
    figures.show(registry, balancer);
    return balancer;
}
export { create as new };
