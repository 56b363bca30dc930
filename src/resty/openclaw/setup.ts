/** Reads the table that users write and builds the plugins of each upstream and route. */
import * as admin from "./admin";
import type { Admin } from "./admin";
import type { Balancer } from "./balancer";
import * as balancer from "./balancer";
import * as body_digest from "./body_digest";
import * as image_check from "./image_check";
import * as inference from "./inference";
import * as metrics from "./metrics";
import type { Metrics } from "./metrics";
import * as read from "./options";
import * as post_action from "./post_action";
import type { PostAction } from "./post_action";
import * as slow_log from "./slow_log";
import * as status from "./status";
import type { Status } from "./status";

/** The phases in which a plugin can take part; a plugin is any table with methods of these names. */
export interface Plugin {
    access?(route: string): void;
    header_filter?(route: string): void;
    body_filter?(route: string): void;
    log?(route: string): void;
}

/** What a route does in each phase: its plugins' methods of that name, one after the other. */
export interface Route {
    readonly name: string;
    readonly upstream: string | undefined;
    readonly access: (this: void) => void;
    readonly header_filter: (this: void) => void;
    readonly body_filter: (this: void) => void;
    readonly log: (this: void) => void;
}

type Phase = keyof Plugin;

/** The options of slow_log. */
interface SlowOptions {
    readonly seconds: number;
    readonly lines_per_minute: number;
}

export interface Gateway {
    readonly metrics: Metrics;
    readonly admin: Admin;
    readonly status: Status;
    readonly balancers: LuaTable<string, Balancer>;
    readonly routes: LuaTable<string, Route>;
    readonly logs: PostAction[];
    /** What the slow log of a route is made of, but for what the route says itself. */
    readonly slow: SlowOptions;
    /** Whether any route has a plugin that works in this phase. */
    filters_headers: boolean;
}

const PHASES: Phase[] = ["access", "header_filter", "body_filter", "log"];
const TOP_OPTIONS = ["upstreams", "routes", "log", "metrics", "admin", "status"];
const UPSTREAM_OPTIONS = balancer.option_names();
/** In `log`, for the slow log; all else there is for the sinks. */
const SLOW_OPTIONS = ["slow_seconds", "slow_lines_per_minute"];
const ROUTE_OPTIONS = [
    "upstream",
    "image_check",
    "body_digest",
    "inference",
    "metrics",
    "record",
    "slow_log",
    "plugins",
];

/** A table of options of its own for each name. */
function named_groups(options: read.Options, name: string): LuaTable<string, unknown> {
    const groups = (read.group("setup", options, name) ?? {}) as unknown as LuaTable<string, unknown>;
    for (const [key] of groups) {
        if (type(key) !== "string" || key === "") read.refuse("setup", name, "a table whose keys are names", key);
    }
    return groups;
}

/** A list of tables. A variable that does not exist leaves a hole in a list, which `for of` would take for its end. */
function list_of_tables(owner: string, options: read.Options, name: string): Record<string, unknown>[] {
    const entries = read.list(owner, options, name);
    for (const place of $range(1, entries.length)) {
        const entry = entries[place - 1];
        if (type(entry) !== "table") read.refuse(owner, `${name}[${place}]`, "a table", entry);
    }
    return entries as Record<string, unknown>[];
}

function with_name(owner: string, options: unknown, known: string[], name: string): Record<string, unknown> {
    const given: Record<string, unknown> = { name };
    for (const [key, value] of pairs(read.check(owner, options, known))) given[key] = value;
    return given;
}

/** Makes one upstream, and its fallback before it. `above`: those that fall back to it. */
function read_balancer(
    balancers: LuaTable<string, Balancer>,
    groups: LuaTable<string, unknown>,
    name: string,
    above: string,
): Balancer {
    const known = balancers.get(name) as Balancer | undefined;
    if (known !== undefined) return known;
    const owner = `setup: upstreams.${name}`;
    const given = with_name(owner, groups.get(name), UPSTREAM_OPTIONS, name);
    if (given.fallback !== undefined) {
        const fallback = read.text(owner, given, "fallback");
        if (!groups.has(fallback)) read.refuse(owner, "fallback", "the name of one of upstreams", fallback);
        const path = `${above}${name} `;
        if (string.find(` ${path}`, ` ${fallback} `, 1, true)[0] !== undefined) {
            error(`${owner}: "fallback" comes back to ${fallback}`, 0);
        }
        given.fallback = read_balancer(balancers, groups, fallback, path);
    }
    const made = balancer.new(given);
    balancers.set(name, made);
    return made;
}

function read_balancers(options: read.Options): LuaTable<string, Balancer> {
    const balancers = new LuaTable<string, Balancer>();
    const groups = named_groups(options, "upstreams");
    for (const [name] of groups) read_balancer(balancers, groups, name, "");
    return balancers;
}

function is_slow_option(name: unknown): boolean {
    return typeof name === "string" && string.sub(name, 1, 5) === "slow_";
}

function read_slow(options: read.Options): SlowOptions {
    const given: Record<string, unknown> = {};
    for (const [name, value] of pairs(read.group("setup", options, "log") ?? {})) {
        if (is_slow_option(name)) given[name] = value;
    }
    const slow = read.check("setup: log", given, SLOW_OPTIONS);
    return {
        seconds: read.positive("setup: log", slow, "slow_seconds", 5),
        lines_per_minute: read.whole("setup: log", slow, "slow_lines_per_minute", 1, 600),
    };
}

/** What `log` says of the sinks; nothing when it speaks of the slow log only. */
function about_sinks(options: read.Options): read.Options | undefined {
    const given = read.group("setup", options, "log");
    if (given === undefined) return undefined;
    const about: Record<string, unknown> = {};
    let others = 0;
    let slow = 0;
    for (const [name, value] of pairs(given)) {
        if (is_slow_option(name)) {
            slow += 1;
        } else {
            about[name] = value;
            others += 1;
        }
    }
    return others === 0 && slow > 0 ? undefined : about;
}

/** One queue for each sink: what stands beside `sinks` holds for all of them. */
function read_logs(options: read.Options): PostAction[] {
    const logs: PostAction[] = [];
    const given = about_sinks(options);
    if (given === undefined) return logs;
    if (given.sink !== undefined) error('setup: log: unknown option "sink"; did you mean "sinks"?', 0);
    for (const entry of list_of_tables("setup: log", given, "sinks")) {
        const sink: Record<string, unknown> = {};
        const queue: Record<string, unknown> = { sink };
        for (const [name, value] of pairs(given)) {
            if (name !== "sinks") queue[name] = value;
        }
        for (const [name, value] of pairs(entry)) {
            if (name === "name" || name === "dead_letter") queue[name] = value;
            else sink[name] = value;
        }
        logs.push(post_action.new(queue));
    }
    return logs;
}

/** The API over all upstreams. */
function read_admin(options: read.Options, balancers: LuaTable<string, Balancer>): Admin {
    const given = (options.admin ?? {}) as read.Options;
    // What stands in the place of the table may be the token.
    if (type(given) !== "table") error(`setup: "admin" must be a table, got a ${type(given)}`, 0);
    if (given.upstreams !== undefined) error('setup: admin: "upstreams" must be left out; it has all of them', 0);
    const all: Record<string, unknown> = { upstreams: balancers };
    for (const [name, value] of pairs(given)) all[name] = value;
    return admin.new(all);
}

/** The status of all upstreams and routes. */
function read_status(options: read.Options, balancers: LuaTable<string, Balancer>): Status {
    const given = (options.status ?? {}) as read.Options;
    // What stands in the place of the table may be the token.
    if (type(given) !== "table") error(`setup: "status" must be a table, got a ${type(given)}`, 0);
    const routes: string[] = [];
    for (const [name] of named_groups(options, "routes")) routes.push(name);
    const all: Record<string, unknown> = { upstreams: balancers, routes };
    for (const [name, value] of pairs(given)) {
        if (name === "upstreams" || name === "routes") {
            error(`setup: status: "${name}" must be left out; it is known`, 0);
        }
        all[name] = value;
    }
    return status.new(all);
}

function nothing(this: void): void {
    return;
}

/**
 * One function that calls the phase's method of every plugin that has it. The first four are written out: LuaJIT does
 * not compile short loops well, nor functions that call others made in the same place.
 */
function in_line(plugins: readonly Plugin[], phase: Phase, route: string): (this: void) => void {
    const methods: ((this: void) => void)[] = [];
    for (const plugin of plugins) {
        if (plugin[phase] !== undefined) {
            methods.push(() => {
                plugin[phase]!(route);
            });
        }
    }
    const [first = nothing, second = nothing, third = nothing, fourth = nothing] = methods;
    return () => {
        first();
        second();
        third();
        fourth();
        for (const place of $range(5, methods.length)) methods[place - 1]!();
    };
}

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

function read_route(gateway: Gateway, name: string, entry: unknown): Route {
    const owner = `setup: routes.${name}`;
    if (type(entry) === "table" && (entry as read.Options).retry_post !== undefined) {
        error(`${owner}: "retry_post" is said in nginx.conf: include nginx/retry_post.conf in the route's location`, 0);
    }
    const given = read.check(owner, entry, ROUTE_OPTIONS);
    const upstream = given.upstream === undefined ? undefined : read.text(owner, given, "upstream");
    if (upstream !== undefined && !gateway.balancers.has(upstream)) {
        read.refuse(owner, "upstream", "the name of one of upstreams", upstream);
    }
    const plugins: Plugin[] = [];
    // What may refuse a request comes before what costs time.
    const image_options = read.group(owner, given, "image_check");
    if (image_options !== undefined) plugins.push(image_check.new(image_options));
    const digest_options = read.group(owner, given, "body_digest");
    if (digest_options !== undefined) plugins.push(body_digest.new(digest_options));
    // Before what counts and records: it sets variables for them.
    const inference_options = read.group(owner, given, "inference");
    if (inference_options !== undefined) plugins.push(inference.new(inference_options));
    if (read.flag(owner, given, "metrics", true)) plugins.push(gateway.metrics.recorder(name));
    if (read.flag(owner, given, "record", true)) {
        for (const log of gateway.logs) plugins.push(log);
    }
    const slow = read_slow_log(owner, given, gateway.slow);
    if (slow !== undefined) plugins.push(slow);
    // Last: one that raises must not cost the figures and the record of the request.
    for (const plugin of read_plugins(owner, given)) plugins.push(plugin);
    for (const plugin of plugins) {
        if (plugin.header_filter !== undefined) gateway.filters_headers = true;
    }
    return {
        name,
        upstream,
        access: in_line(plugins, "access", name),
        header_filter: in_line(plugins, "header_filter", name),
        body_filter: in_line(plugins, "body_filter", name),
        log: in_line(plugins, "log", name),
    };
}

/** Builds the gateway. Raises one sentence when an option is wrong. Phases: init. */
export function build(options: unknown): Gateway {
    const given = read.check("setup", options, TOP_OPTIONS);
    // First: which labels are kept is to be known before any series is made.
    const figures = metrics.new(given.metrics ?? {});
    const balancers = read_balancers(given);
    const gateway: Gateway = {
        metrics: figures,
        admin: read_admin(given, balancers),
        status: read_status(given, balancers),
        balancers,
        routes: new LuaTable(),
        logs: read_logs(given),
        slow: read_slow(given),
        filters_headers: false,
    };
    for (const [name, entry] of named_groups(given, "routes")) {
        gateway.routes.set(name, read_route(gateway, name, entry));
    }
    return gateway;
}
