/** Reads an upstream's options, and makes what they ask for. */
import * as faults from "../fault";
import * as leaders from "../leader";
import type { Counter } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Registry } from "../metric_registry";
import * as read from "../options";
import * as shared_memory from "../shared_memory";
import * as busy_statuses from "./busy_statuses";
import * as choice from "./choice";
import * as clients from "./clients";
import * as consistent_hash from "./consistent_hash";
import * as degradation from "./degradation";
import * as discovery from "./discovery";
import type { Discovery } from "./discovery";
import * as failure_statuses from "./failure_statuses";
import * as figures from "./figures";
import * as health_checks from "./health_check";
import * as latency_buckets from "./latency_buckets";
import * as least_conn from "./least_conn";
import * as membership_of from "./membership";
import type { Membership } from "./membership";
import type { Host } from "./node_name";
import * as nodes_option from "./nodes_option";
import type { NewPolicy } from "./policy";
import * as queue from "./queue";
import * as retry_budget from "./retry_budget";
import * as round_robin from "./round_robin";
import type { Supervised } from "./supervision";
import type { Signal } from "./upstream";
import * as xed from "./xed";

export interface Settings extends Supervised {
    readonly registry: Registry;
}

/** The names of all options. */
export const OPTIONS = [
    "name",
    "nodes",
    "policy",
    "buckets",
    "hash_on",
    "load_factor",
    "signal",
    "host",
    "tries",
    "busy_statuses",
    "failure_statuses",
    "retry_share",
    "panic_share",
    "fallback",
    "health_check",
    "dns",
    "dict",
];
const POLICIES: Record<string, NewPolicy> = {
    xed: xed.new,
    round_robin: round_robin.new,
    least_conn: least_conn.new,
    latency_buckets: latency_buckets.new,
    consistent_hash: consistent_hash.new,
};
const POLICY_NAMES = ["xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash"];
/** Which policy an option belongs to. */
const POLICY_OPTIONS: Record<string, string> = {
    buckets: "latency_buckets",
    hash_on: "consistent_hash",
    load_factor: "consistent_hash",
};
const HOSTS: Host[] = ["client", "node"];
const SIGNALS: Signal[] = ["auto", "ttfb", "total"];

const DEFAULT_TRIES = 3;
const DEFAULT_RETRY_SHARE = 0.2;

/** Refuses an option that another policy would heed. */
function check_policy_options(owner: string, options: read.Options, policy: string): void {
    for (const [name, its_policy] of pairs(POLICY_OPTIONS)) {
        if (options[name] !== undefined && its_policy !== policy) {
            error(`${owner}: "${name}" is an option of policy "${its_policy}", not of "${policy}"`, 0);
        }
    }
}

function read_discovery(
    owner: string,
    registry: Registry,
    options: read.Options,
    membership: Membership,
): Discovery | undefined {
    const names: string[] = [];
    for (const entry of membership.entries) {
        if (entry.is_name) names.push(entry.text);
    }
    if (names.length === 0) {
        if (options.dns !== undefined) error(`${owner}: "dns" is given, but no node is a name`, 0);
        return undefined;
    }
    return discovery.new(owner, registry, names, read.group(owner, options, "dns"), () =>
        membership_of.announce(membership),
    );
}

function read_fallback(owner: string, options: read.Options): Supervised | undefined {
    const fallback = read.group(owner, options, "fallback") as unknown as Supervised | undefined;
    if (fallback !== undefined && fallback.pool === undefined) {
        read.refuse(owner, "fallback", "a balancer, made by new", fallback);
    }
    return fallback;
}

function record(owner: string, registry: Registry, name: string, slots: number): Doubles {
    const region = registry.region;
    const [slot, err] = shared_memory.slot(region, name, slots);
    if (slot === undefined) error(`${owner}: no shared memory: ${err}`, 0);
    return pointer_add(region.common, slot);
}

function counter(registry: Registry, upstream: string, name: string, help: string): Counter {
    return metric_registry.counter(registry, name, help, ["upstream"]).labels(upstream);
}

/** What the options ask for. Raises when one is wrong. Phases: init. */
export function settings(options: unknown): Settings {
    const given = read.check("balancer", options, OPTIONS);
    const name = read.text("balancer", given, "name");
    const owner = `balancer "${name}"`;
    const dict = read.text(owner, given, "dict", "openclaw");
    const registry = metric_registry.open(dict);
    if (!registry.region.shared) error(`${owner}: nginx.conf needs "lua_shared_dict ${dict} 10m;"`, 0);
    const trouble = faults.new("balancer", registry);
    const policy_name = read.one_of(owner, given, "policy", POLICY_NAMES, "xed");
    check_policy_options(owner, given, policy_name);
    const policy = POLICIES[policy_name]!(owner, given);
    const signal = read.one_of(owner, given, "signal", SIGNALS, "auto");
    const busy = busy_statuses.statuses(owner, given);
    const health_check = health_checks.new(owner, read.group(owner, given, "health_check"), registry, name, busy);
    const entries = nodes_option.entries(owner, given);
    if (health_check !== undefined) health_checks.check_names(owner, health_check, entries);
    const membership = membership_of.new(registry, name, entries, health_check !== undefined, trouble);
    membership.discovery = read_discovery(owner, registry, given, membership);
    const needs_leader = membership.discovery !== undefined || health_check !== undefined;
    const made: Settings = {
        name,
        policy,
        pool: choice.new(policy, read.share(owner, given, "panic_share", 0)),
        membership,
        signal,
        host: read.one_of(owner, given, "host", HOSTS, "client"),
        tries: read.whole(owner, given, "tries", 1, DEFAULT_TRIES),
        busy_statuses: busy,
        failure_statuses: failure_statuses.statuses(owner, given),
        clients: record(owner, registry, `clients ${name}`, clients.SLOTS),
        budget: retry_budget.new(read.share(owner, given, "retry_share", DEFAULT_RETRY_SHARE)),
        fallback: read_fallback(owner, given),
        // Of a name of its own: a gateway that was reloaded with this version has a shorter record under the former ones.
        degradation: record(owner, registry, `failover ${name}`, degradation.SLOTS),
        waits: queue.new(registry, name),
        retries: counter(registry, name, "openclaw_upstream_retries_total", "Tries after one failed."),
        retries_refused: counter(
            registry,
            name,
            "openclaw_upstream_retries_refused_total",
            "Tries that were not to be followed by another one because too much of the traffic was retries.",
        ),
        fallbacks: counter(
            registry,
            name,
            "openclaw_upstream_fallbacks_total",
            "Requests of an upstream that went to its fallback.",
        ),
        registry,
        faults: trouble,
        health_check,
        leader: needs_leader ? leaders.new(registry.region.names, `upstream ${name}`) : undefined,
        is_supervised: false,
        ticked_at: 0,
        leads: false,
        next_ask: 0,
    };
    figures.show(registry, made);
    return made;
}
