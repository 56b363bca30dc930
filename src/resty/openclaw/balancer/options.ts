/** The options of an upstream, as docs/balancer.md lists them, and what makes no sense among them. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import * as schemas from "../config/schema";
import { again, computed, option, optional, read_or_raise, required } from "../config/schema";
import * as busy_statuses from "./busy_statuses";
import * as consistent_hash from "./consistent_hash";
import * as dns from "./discovery/settings";
import * as failure_statuses from "./failure_statuses";
import * as health_options from "./health_check/options";
import * as latency_buckets from "./latency_buckets";
import { NODES } from "./nodes_option";
import { STATUSES } from "./status_list";
import type { Supervised } from "./supervision";
import { QUEUE } from "./waiting_room/settings";

const POLICY = kinds.one_of("xed", "round_robin", "least_conn", "latency_buckets", "consistent_hash");
const HOST = kinds.one_of("client", "node");
const SIGNAL = kinds.one_of("auto", "ttfb", "total");
const BALANCER = kinds.of<Supervised>(
    "balancer",
    "a balancer, made by new",
    (given) => type(given) === "table" && (given as Partial<Supervised>).pool !== undefined,
);
const FALLBACK_MEANING =
    "the upstream that takes over, see [Fallback](#fallback): in `setup` its name, else another balancer";

/** The policy to which an option belongs. */
const POLICY_OPTIONS: Record<string, string> = {
    buckets: "latency_buckets",
    hash_on: "consistent_hash",
    load_factor: "consistent_hash",
};

/** The options in `setup`, where the name is the key. */
export const SCHEMA = {
    nodes: required(
        NODES,
        'addresses (`"10.0.1.10:8000"`, `"[::1]:8000"`, `"unix:/path"`), [names](#nodes-from-the-dns), or tables of one of these and [more](#options-of-a-node)',
    ),
    policy: option(POLICY, "xed", "how the node of a request is chosen, see [Policies](#policies)"),
    buckets: computed(
        latency_buckets.BUCKETS,
        "2 s: 3, 4 s: 2",
        "for `latency_buckets`: `{ below_seconds = 2, weight = 3 }`, rising; above the last one the weight is 1",
    ),
    hash_on: computed(
        consistent_hash.HASHED_VARIABLE,
        "required there",
        'for `consistent_hash`: the variable to hash, such as `"$arg_user"`',
    ),
    load_factor: option(
        consistent_hash.LOAD_FACTOR,
        consistent_hash.DEFAULT_LOAD_FACTOR,
        "for `consistent_hash`: maximum in-flight count of a node, as a multiple of its fair share",
    ),
    signal: option(
        SIGNAL,
        "auto",
        "when a request counts as done: `ttfb`, with the first byte of its response; `total`, with the last byte; `auto`, with the first byte of a streamed response and the last byte of any other",
    ),
    host: option(HOST, "client", "which name nodes get as `Host`, see [The name of nodes](#the-name-of-nodes)"),
    tries: option(kinds.whole(1), 3, "maximum number of tries per request, over all nodes"),
    busy_statuses: option(
        STATUSES,
        busy_statuses.DEFAULTS,
        "status codes by which a node says that it is overloaded; the list replaces the default, `{ 429, 503 }` has both; see [Busy nodes](#busy-nodes)",
    ),
    failure_statuses: option(
        STATUSES,
        failure_statuses.DEFAULTS,
        "status codes that count as a failure of the node, see [Failures](#failures)",
    ),
    retry_share: option(kinds.share, 0.2, "maximum share of the traffic that may be retries"),
    panic_share: option(kinds.share, 0, "when a smaller share of the nodes is up, all nodes are tried"),
    fallback: optional(kinds.text, FALLBACK_MEANING),
    queue: optional(
        QUEUE,
        "how many requests may be under way, and the others wait, see [Waiting room](waiting_room.md)",
    ),
    health_check: optional(
        health_options.HEALTH_CHECK,
        "active checks of each node, see [Health checks](#health-checks)",
    ),
    dns: option(
        dns.DNS,
        read_or_raise(dns.SCHEMA, {}, ""),
        "how names are looked up, see [Nodes from the DNS](#nodes-from-the-dns)",
    ),
};

/** The options of a balancer that stands alone. */
export const ALONE_SCHEMA = {
    name: required(kinds.text, "the upstream's name in metrics and logs (in `setup` it is the key)"),
    nodes: again(SCHEMA.nodes),
    policy: again(SCHEMA.policy),
    buckets: again(SCHEMA.buckets),
    hash_on: again(SCHEMA.hash_on),
    load_factor: again(SCHEMA.load_factor),
    signal: again(SCHEMA.signal),
    host: again(SCHEMA.host),
    tries: again(SCHEMA.tries),
    busy_statuses: again(SCHEMA.busy_statuses),
    failure_statuses: again(SCHEMA.failure_statuses),
    retry_share: again(SCHEMA.retry_share),
    panic_share: again(SCHEMA.panic_share),
    fallback: optional(BALANCER, FALLBACK_MEANING),
    queue: again(SCHEMA.queue),
    health_check: again(SCHEMA.health_check),
    dns: again(SCHEMA.dns),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` to use"),
};

export type UpstreamOptions = Values<typeof SCHEMA>;
export type AloneOptions = Values<typeof ALONE_SCHEMA>;

/** What both have. */
export type Options = Omit<UpstreamOptions, "fallback">;

type Given = Readonly<Record<string, unknown>>;

/** Options that another policy would heed, and the one that its policy needs. */
function check_policy({ policy, hash_on }: Options, given: Given, path: string, problems: Problems): void {
    for (const name of ["buckets", "hash_on", "load_factor"]) {
        const its_policy = POLICY_OPTIONS[name];
        if (given[name] !== undefined && its_policy !== policy) {
            problems.push(`${path}.${name} is an option of policy "${its_policy}", not of "${policy}"`);
        }
    }
    if (policy === "consistent_hash") consistent_hash.HASHED_VARIABLE.read(hash_on, `${path}.hash_on`, problems);
}

/** A learned concurrency where the policy learns none. */
function check_queue({ policy, queue }: Options, path: string, problems: Problems): void {
    if (queue?.concurrency !== "learned" || policy === "xed") return;
    problems.push(`${path}.queue.concurrency must be a number, as only policy "xed" learns one, not "${policy}"`);
}

/** Adds to the problems what does not fit together. */
function check(options: Options, given: Given, path: string, problems: Problems): void {
    const { health_check, nodes } = options;
    check_policy(options, given, path, problems);
    check_queue(options, path, problems);
    if (health_check !== undefined) {
        health_options.check_names(health_check, nodes, `${path}.health_check`, problems);
    }
    if (given.dns === undefined) return;
    for (const node of nodes) {
        if (node.is_name) return;
    }
    problems.push(`${path}.dns is given, but no node is a name`);
}

/** One of `upstreams` in `setup`. */
export const UPSTREAM: Kind<UpstreamOptions> = {
    name: "table",
    read: (given, path, problems) => {
        const options = schemas.read(SCHEMA, given, path, problems);
        if (options !== undefined) check(options, given as Given, path, problems);
        return options!;
    },
};

/** The options of a balancer that stands alone. Raises all that is wrong. Phases: init. */
export function read_alone(given: unknown, path: string): AloneOptions {
    const problems: Problems = [];
    const options = schemas.read(ALONE_SCHEMA, given, path, problems);
    if (options !== undefined) check(options, given as Given, path, problems);
    problem.raise(problems);
    return options!;
}
