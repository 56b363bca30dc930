/**
 * Keys from a URL with a JWKS. One worker of the machine fetches it in the background and shares it with all; see `key_url/feed`. A token
 * with an unknown key causes a fetch, at most one in 30 s for all workers together, and its request waits for it a second at most.
 */
import * as guard from "../../core/metrics/guard";
import type { Registry } from "../../core/metrics/metric_registry";
import * as worker_process from "../../core/process/worker_process";
import * as clock from "../../core/time/clock";
import * as key_figures from "../key_figures";
import type { Feed, Times } from "./key_url/feed";
import * as feeds from "./key_url/feed";
import * as fetches from "./key_url/fetch";
import * as refresh from "./key_url/refresh";
import * as shared_keys from "./key_url/shared";
import type { Waiting } from "./key_url/waiting";
import * as waitings from "./key_url/waiting";
import type { KeySet, KeySource } from "./model";

export interface Options {
    readonly registry: Registry;
    readonly route: string;
    /** The path of the option, with which messages begin. */
    readonly option: string;
    readonly url: string;
    /** For tests. The name in the certificate; the URL's host unless given. */
    readonly server_name?: string;
    /** For tests: other times than the usual ones. */
    readonly times?: Times;
}

interface KeyUrl extends Feed, KeySource, key_figures.Source {
    generation: number;
    readonly needs: Feed["needs"];
    waiting: Waiting;
    is_started: boolean;
}

const TICK_SECONDS = 0.5;
const ALONE = "this worker alone uses the newest keys: the lua_shared_dict has no room for them";

/** The sources by dict and URL: routes with the same URL share one. */
const sources = new LuaMap<string, KeyUrl>();
/** Those of this worker. */
const started: KeyUrl[] = [];
let is_ticking = false;

function current(this: KeyUrl): KeySet | undefined {
    return this.keys;
}

function find(this: KeyUrl, kid: string): KeySet | undefined {
    const { waiting, times } = this;
    const until = later(clock.now(), times.wait);
    while (true) {
        const keys = this.keys;
        if (keys?.has(kid) === true) return keys;
        const is_worthwhile = waitings.is_worthwhile(waiting) || refresh.ask(this) || waitings.is_worthwhile(waiting);
        if (!is_worthwhile) return keys;
        if (!waitings.wait(waiting, until)) return this.keys;
    }
}

function count(this: KeyUrl): number {
    return this.keys?.keys.length ?? 0;
}

function is_stale(this: KeyUrl): boolean {
    return shared_keys.failures(this.shared) > 0;
}

function loaded_at(this: KeyUrl): WallTime | undefined {
    const moment = feeds.loaded_at(this);
    if (moment === 0) return undefined;
    return (ngx.now() - (clock.now() - moment)) as WallTime;
}

function status(this: KeyUrl): object {
    const moment = feeds.loaded_at(this);
    return {
        source: this.place.name,
        keys: this.count(),
        skipped: this.keys?.skipped ?? [],
        age_seconds: moment === 0 ? undefined : math.max(0, clock.now() - moment),
        stale: this.is_stale(),
        failures: shared_keys.failures(this.shared),
        trouble: this.alone_at === 0 ? shared_keys.trouble(this.shared) : ALONE,
    };
}

function tick(premature: boolean): void {
    for (const source of started) {
        if (premature) source.leader.resign();
        else guard.call(source.faults, "jwks", refresh.tick, source);
    }
}

/** Fetches at once if it is due, as sockets do not exist in init_worker, and looks for newer keys from now on. */
function init_worker(this: KeyUrl): void {
    if (this.is_started || !worker_process.is_here()) return;
    this.is_started = true;
    started.push(this);
    if (is_ticking) return;
    const [first, first_err] = ngx.timer.at(0, tick);
    if (!first) this.faults.report("timer", first_err);
    const [ok, err] = ngx.timer.every(TICK_SECONDS, tick);
    is_ticking = ok !== undefined && ok !== false;
    if (!is_ticking) this.faults.report("timer", err);
}

function exit_worker(this: KeyUrl): void {
    this.leader.resign();
}

const metatable = { __index: { current, find, count, is_stale, loaded_at, status, init_worker, exit_worker } };

function make({ registry, option, url, server_name, times }: Options): KeyUrl {
    const place = fetches.place_of(option, url, server_name);
    const source = setmetatable(feeds.new(registry, option, place, url, times ?? feeds.TIMES), metatable) as KeyUrl;
    source.waiting = waitings.new(source);
    source.is_started = false;
    return source;
}

/** The keys at a URL. Raises when the URL is no good; the message does not show it. Phases: init. */
function create(options: Options): KeySource {
    const { registry, route, url } = options;
    const name = `${registry.dict_name} ${url}`;
    const source = sources.get(name) ?? make(options);
    sources.set(name, source);
    source.failures.set(route, key_figures.failures(registry, route, "jwt"));
    key_figures.add(registry, route, "jwt", source);
    return source;
}
export { create as new };
