/**
 * Reports faults at request time, where nothing may raise: each in a counter; in the error log the first one, then at most one a minute for
 * each kind, with the number of those in between.
 */
import * as clock from "../time/clock";
import type { Counter } from "./metric_handles";
import type { Family, Registry } from "./metric_registry";
import * as metric_registry from "./metric_registry";

export interface Faults {
    readonly plugin: string;
    readonly family: Family<Counter>;
    readonly next_line: LuaMap<string, MonotonicTime>;
    readonly unlogged: LuaMap<string, number>;
    /** Counts one fault, and logs it unless its kind was logged within the last minute. Phases: any. */
    report(kind: string, ...parts: unknown[]): void;
    /** Counts one fault and always logs it: for what happens seldom, and never because of a request. Phases: any. */
    report_each(kind: string, ...parts: unknown[]): void;
}

const SECONDS_BETWEEN_LINES = 60;

function report(this: Faults, kind: string, ...parts: unknown[]): void {
    this.family.labels(this.plugin, kind).inc();
    const now = clock.now();
    if (now < (this.next_line.get(kind) ?? 0)) {
        this.unlogged.set(kind, (this.unlogged.get(kind) ?? 0) + 1);
        return;
    }
    const unlogged = this.unlogged.get(kind) ?? 0;
    const more = unlogged > 0 ? ` (and ${unlogged} times since the last line)` : "";
    this.next_line.set(kind, later(now, SECONDS_BETWEEN_LINES));
    this.unlogged.set(kind, 0);
    // What foreign code raises may have no text, or raise when it is asked for it.
    const [is_logged] = pcall(ngx.log, ngx.ERR, this.plugin, ": ", kind, more, ": ", ...parts);
    if (!is_logged) ngx.log(ngx.ERR, this.plugin, ": ", kind, more, ": an error without a text");
}

function report_each(this: Faults, kind: string, ...parts: unknown[]): void {
    this.next_line.delete(kind);
    this.report(kind, ...parts);
}

const metatable = { __index: { report, report_each } };

/** The faults of one plugin. Phases: init. */
function create(plugin: string, registry: Registry): Faults {
    const family = metric_registry.counter(
        registry,
        "openclaw_faults_total",
        "Faults inside the gateway, by plugin and kind.",
        ["plugin", "kind"],
    );
    family.is_essential = true;
    const fields = {
        plugin,
        family,
        next_line: new LuaMap<string, MonotonicTime>(),
        unlogged: new LuaMap<string, number>(),
    };
    return setmetatable(fields, metatable);
}
export { create as new };
