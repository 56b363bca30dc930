/** Writes into a dict of answers. A full dict forgets what was not used for longest, to make room; that is counted. */
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";

const counters = new LuaMap<ngx.SharedDict, Counter>();

/** Counts what is pushed out of the dict of that name from now on. Phases: init. */
export function watch(dict: ngx.SharedDict, name: string, registry: Registry): void {
    const family = metric_registry.counter(
        registry,
        "openclaw_cache_pushed_out_total",
        "Writes into a full dict of answers, for which others were forgotten.",
        ["dict"],
    );
    counters.set(dict, family.labels(name));
}

function count(dict: ngx.SharedDict): void {
    const counter = counters.get(dict);
    if (counter !== undefined) metric_handles.add(counter);
}

/** As `dict.set`; `seconds`: 0 for no end. False if there is no room all the same. Phases: any. */
export function set(
    dict: ngx.SharedDict,
    key: string,
    value: string | number | boolean,
    seconds: number,
    flags = 0,
): boolean {
    const [ok, , has_pushed] = dict.set(key, value, seconds, flags);
    if (has_pushed === true) count(dict);
    return ok;
}

/** As `dict.add`: false where there is a value, or no room; then the second value is "exists", or something else. Phases: any. */
export function add(
    dict: ngx.SharedDict,
    key: string,
    value: string | number,
    seconds: number,
    flags = 0,
): LuaMultiReturn<[ok: boolean, err?: string | undefined]> {
    const [ok, err, has_pushed] = dict.add(key, value, seconds, flags);
    if (has_pushed === true) count(dict);
    return $multi(ok, err);
}
