/** Builds the plugins of one route. */
import type { Balancer } from "../balancer";
import * as body_digest from "../body_digest";
import * as deadline from "../deadline";
import * as delivery_header from "../delivery_header";
import * as edge from "../edge";
import type { Edge } from "../edge";
import * as identity from "../identity";
import type { Identity } from "../identity";
import * as image_check from "../image_check";
import * as inference from "../inference";
import type { Inference } from "../inference";
import type { Metrics } from "../metrics";
import * as read from "../options";
import type { PostAction } from "../post_action";
import * as slow_log from "../slow_log";
import { list_of_tables } from "./groups";
import type { SlowOptions } from "./logs";
import { in_line, one_by_one, PHASES } from "./phases";
import type { Plugin } from "./phases";

/** What a route does in each phase: its plugins' methods of that name, one after the other. */
export interface Route {
    readonly name: string;
    readonly upstream: string | undefined;
    readonly access: (this: void) => void;
    /** Whether another try may begin. */
    readonly before_balance: (this: void) => boolean;
    readonly balance: (this: void) => void;
    readonly header_filter: (this: void) => void;
    readonly body_filter: (this: void) => void;
    readonly log: (this: void) => void;
    /** Whether a plugin works in the phase header_filter. */
    readonly filters_headers: boolean;
    /** Where its requests are kept while the link is down. */
    readonly edge: Edge | undefined;
    /** Whether one works in the phases around the choice of a node. */
    readonly balances: boolean;
}

/** What all routes share. */
export interface Shared {
    readonly metrics: Metrics;
    readonly balancers: LuaTable<string, Balancer>;
    readonly logs: readonly PostAction[];
    /** What the slow log of a route is made of, but for what the route says itself. */
    readonly slow: SlowOptions;
    /** Where routes keep their jobs. */
    readonly stores: LuaSet<string>;
}

const OPTIONS = [
    "upstream",
    "edge",
    "deadline",
    "identity",
    "image_check",
    "body_digest",
    "inference",
    "metrics",
    "record",
    "slow_log",
    "plugins",
];

/** The user's own plugins. A table without any phase was meant to be another one. */
function read_plugins(owner: string, options: read.Options): Plugin[] {
    if (options.plugins === undefined) return [];
    const plugins = list_of_tables(owner, options, "plugins");
    for (const place of $range(1, plugins.length)) {
        const plugin = plugins[place - 1]!;
        let methods = 0;
        for (const phase of PHASES) {
            if (read.callback(`${owner}: plugins[${place}]`, plugin, phase) !== undefined) methods += 1;
        }
        if (methods === 0) {
            read.refuse(owner, `plugins[${place}]`, `a table with a method of ${table.concat(PHASES, ", ")}`, plugin);
        }
    }
    return plugins as Plugin[];
}

/** A route's slow log: as `log` says, with seconds of its own, or none. */
function read_slow_log(owner: string, options: read.Options, slow: SlowOptions): Plugin | undefined {
    if (options.slow_log === false) return undefined;
    const of_route = `${owner}: slow_log`;
    if (options.slow_log !== undefined && type(options.slow_log) !== "table") {
        read.refuse(owner, "slow_log", "false or a table", options.slow_log);
    }
    const given = read.check(of_route, options.slow_log ?? {}, ["seconds"]);
    return slow_log.new({
        seconds: read.positive(of_route, given, "seconds", slow.seconds),
        lines_per_minute: slow.lines_per_minute,
    });
}

/** What keeps a route going while its link is down, or nothing. */
function read_edge(
    owner: string,
    options: read.Options,
    name: string,
    upstream: Balancer | undefined,
    stores: LuaSet<string>,
): Edge | undefined {
    const given = read.group(owner, options, "edge");
    if (given === undefined) return undefined;
    const all: Record<string, unknown> = { route: name, upstream };
    for (const [option, value] of pairs(given)) {
        if (option === "route" || option === "upstream") {
            error(`${owner}: edge: "${option}" must be left out; it is known`, 0);
        }
        all[option] = value;
    }
    const made = edge.new(all);
    // One of the two would never get the lock of the store, and so deliver nothing.
    const store = made.jobs.settings.store;
    if (stores.has(store)) read.refuse(`${owner}: edge`, "store", "a folder that no other route has", store);
    stores.add(store);
    return made;
}

/** Raises where the route would refuse its own deliveries: they come from the gateway, and nothing of who asked is kept. */
function check_deliveries(owner: string, who: Identity): void {
    if (who.way === "own" || !who.required) return;
    const why = "a kept request is delivered without its client's identity, so each delivery would be refused with 401";
    error(
        `${owner}: "edge" cannot be used with identity.accept = "${who.way}" unless identity.required = false: ${why}`,
        0,
    );
}

/** Raises where the next gateway would get another body than the one that is signed. */
function check_usage(
    owner: string,
    reader: Inference,
    who: Identity | undefined,
    digest: read.Options | undefined,
): void {
    if (reader.usage === undefined || who?.key === undefined || digest?.algorithm !== "sha256") return;
    const why = "the next gateway would get another body than the one that is signed";
    error(
        `${owner}: inference.include_usage cannot be used with identity.sign and body_digest.algorithm = "sha256": ${why}`,
        0,
    );
}

/** The route of that name. Raises when an option is wrong. Phases: init. */
export function read_route(shared: Shared, name: string, entry: unknown): Route {
    const owner = `setup: routes.${name}`;
    if (type(entry) === "table" && (entry as read.Options).retry_post !== undefined) {
        error(`${owner}: "retry_post" is said in nginx.conf: include nginx/retry_post.conf in the route's location`, 0);
    }
    const given = read.check(owner, entry, OPTIONS);
    const upstream = given.upstream === undefined ? undefined : read.text(owner, given, "upstream");
    if (upstream !== undefined && !shared.balancers.has(upstream)) {
        read.refuse(owner, "upstream", "the name of one of upstreams", upstream);
    }
    const plugins: Plugin[] = [];
    // First: the mark of a delivery is nothing for others to see.
    const its_upstream = upstream === undefined ? undefined : shared.balancers.get(upstream);
    const its_edge = read_edge(owner, given, name, its_upstream, shared.stores);
    plugins.push(its_edge ?? { access: delivery_header.strip });
    // What may refuse a request comes before what costs time.
    const deadline_options = read.group(owner, given, "deadline");
    if (deadline_options !== undefined) plugins.push(deadline.new(deadline_options));
    const identity_options = read.group(owner, given, "identity");
    const who = identity_options === undefined ? undefined : identity.new(identity_options);
    if (its_edge !== undefined && who !== undefined) check_deliveries(owner, who);
    plugins.push(who ?? identity.stripper());
    const image_options = read.group(owner, given, "image_check");
    if (image_options !== undefined) plugins.push(image_check.new(image_options));
    const digest_options = read.group(owner, given, "body_digest");
    if (digest_options !== undefined) plugins.push(body_digest.new(digest_options));
    if (who !== undefined) {
        plugins.push({
            access: () => {
                who.pass_on();
            },
        });
    }
    if (its_edge !== undefined) {
        plugins.push({
            access: () => {
                its_edge.read_body();
            },
        });
    }
    // Before what counts and records: it sets variables for them.
    const inference_options = read.group(owner, given, "inference");
    if (inference_options !== undefined) {
        const reader = inference.new(inference_options);
        check_usage(owner, reader, who, digest_options);
        plugins.push(reader);
    }
    if (read.flag(owner, given, "metrics", true)) plugins.push(shared.metrics.recorder(name));
    if (read.flag(owner, given, "record", true)) {
        for (const log of shared.logs) plugins.push(log);
    }
    const slow = read_slow_log(owner, given, shared.slow);
    if (slow !== undefined) plugins.push(slow);
    // Last: one that raises must not cost the figures and the record of the request.
    for (const plugin of read_plugins(owner, given)) plugins.push(plugin);
    let filters_headers = false;
    let balances = false;
    for (const plugin of plugins) {
        if (plugin.header_filter !== undefined) filters_headers = true;
        if (plugin.before_balance !== undefined || plugin.balance !== undefined) balances = true;
    }
    return {
        name,
        upstream,
        access: in_line(plugins, "access", name),
        before_balance: one_by_one(plugins, name),
        balance: in_line(plugins, "balance", name),
        header_filter: in_line(plugins, "header_filter", name),
        body_filter: in_line(plugins, "body_filter", name),
        log: in_line(plugins, "log", name),
        filters_headers,
        edge: its_edge,
        balances,
    };
}
