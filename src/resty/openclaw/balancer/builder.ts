/** Makes an upstream from its options. */
import * as problem from "../config/problems";
import * as leaders from "../core/memory/leader";
import * as shared_memory from "../core/memory/shared_memory";
import * as faults from "../core/metrics/fault";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import * as choice from "./choice";
import * as clients from "./clients";
import * as consistent_hash from "./consistent_hash";
import type { Discovery } from "./discovery";
import * as discovery from "./discovery";
import * as dns from "./discovery/settings";
import * as failover from "./failover";
import * as figures from "./figures";
import * as first_try_wait from "./first_try_wait";
import * as health_checks from "./health_check";
import * as latency_buckets from "./latency_buckets";
import * as least_conn from "./least_conn";
import * as membership_of from "./membership";
import type { Membership, NewPolicy } from "./model";
import type { Options } from "./options";
import * as retry_budget from "./retry_budget";
import * as round_robin from "./round_robin";
import * as status_list from "./status_list";
import type { Supervised } from "./supervision";
import * as waiting_rooms from "./waiting_room";
import * as xed from "./xed";

export interface Settings extends Supervised {
    readonly registry: Registry;
}

/** What a balancer needs beside its options. */
export interface Context {
    readonly name: string;
    /** The path of its options in error messages: "setup: upstreams.cluster", or "balancer". */
    readonly path: string;
    readonly dict: string;
    readonly fallback: Supervised | undefined;
}

const POLICIES: Record<Options["policy"], NewPolicy> = {
    xed: xed.new,
    round_robin: round_robin.new,
    least_conn: least_conn.new,
    latency_buckets: latency_buckets.new,
    consistent_hash: consistent_hash.new,
};

function make_discovery(
    options: Options,
    { name, path }: Context,
    registry: Registry,
    membership: Membership,
): Discovery | undefined {
    const names: string[] = [];
    for (const entry of membership.entries) {
        if (entry.is_name) names.push(entry.text);
    }
    if (names.length === 0) return undefined;
    const settings_of_dns = dns.settings_of(options.dns, path, true);
    return discovery.new(`balancer "${name}"`, registry, names, settings_of_dns, () =>
        membership_of.announce(membership),
    );
}

function record(path: string, registry: Registry, name: string, slots: number): Doubles {
    const region = registry.region;
    const [slot, err] = shared_memory.slot(region, name, slots);
    if (slot === undefined) error(`${problem.beginning(path)} no shared memory: ${err}`, 0);
    return pointer_add(region.common, slot);
}

function counter(registry: Registry, upstream: string, name: string, help: string): Counter {
    return metric_registry.counter(registry, name, help, ["upstream"]).labels(upstream);
}

/** The upstream. Raises if there is no shared memory. Phases: init. */
export function settings(options: Options, context: Context): Settings {
    const { name, path, dict } = context;
    const registry = metric_registry.open(dict);
    if (!registry.region.shared) error(`${problem.beginning(path)} nginx.conf needs "lua_shared_dict ${dict} 10m;"`, 0);
    const trouble = faults.new("balancer", registry);
    const policy = POLICIES[options.policy](options);
    const busy = status_list.of(options.busy_statuses);
    const health_check = health_checks.new(options.health_check, registry, name, busy);
    const membership = membership_of.new(registry, name, options.nodes, health_check !== undefined, trouble);
    membership.discovery = make_discovery(options, context, registry, membership);
    const pool = choice.new(policy, options.panic_share);
    const needs_leader = membership.discovery !== undefined || health_check !== undefined;
    const made: Settings = {
        name,
        policy,
        pool,
        membership,
        signal: options.signal,
        host: options.host,
        tries: options.tries,
        busy_statuses: busy,
        failure_statuses: status_list.of(options.failure_statuses),
        clients: record(path, registry, `clients ${name}`, clients.SLOTS),
        budget: retry_budget.new(options.retry_share),
        fallback: context.fallback,
        room: options.queue && waiting_rooms.new(registry, name, options.queue, { policy, pool }, trouble),
        failover: record(path, registry, `failover ${name}`, failover.SLOTS),
        waits: first_try_wait.new(registry, name),
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
        ticked_at: undefined,
        leads: false,
        next_ask: undefined,
    };
    figures.show(registry, made);
    return made;
}
