/** Keys from a file with a JWKS. It is read again within two seconds when it changes; a wrong file leaves the keys as they are. */
import type { WatchedFile } from "../../core/files/watched_file";
import * as watched_file from "../../core/files/watched_file";
import type { Registry } from "../../core/metrics/metric_registry";
import * as time_slice from "../../core/time/time_slice";
import * as key_figures from "./key_figures";
import * as key_set from "./key_set";
import type { KeySet, KeySource } from "./model";

export interface Options {
    readonly registry: Registry;
    readonly route: string;
    /** The path of the option, with which messages begin. */
    readonly option: string;
    readonly path: string;
}

interface KeyFile extends KeySource, key_figures.Source {
    generation: number;
    file: WatchedFile;
    keys: KeySet | undefined;
}

/** Parses a text; the keys stay as they are if it is wrong. */
function take(source: KeyFile, text: string): Result<true> {
    const pause = ngx.get_phase() === "timer" ? time_slice.paced(time_slice.yield_now) : undefined;
    const [keys, err] = key_set.parse(text, pause);
    if (keys === undefined) return $multi(undefined, err);
    source.keys = keys;
    source.generation += 1;
    return $multi(true);
}

function current(this: KeyFile): KeySet | undefined {
    return this.keys;
}

function is_stale(this: KeyFile): boolean {
    return this.file.trouble !== undefined;
}

function loaded_at(this: KeyFile): WallTime {
    return this.file.loaded_at;
}

function init_worker(this: KeyFile): void {
    watched_file.begin(this.file);
}

function status(this: KeyFile): object {
    return {
        source: this.file.options.path,
        keys: this.keys?.keys.length ?? 0,
        skipped: this.keys?.skipped ?? [],
        age_seconds: math.max(0, ngx.time() - this.file.loaded_at),
        stale: this.is_stale(),
        trouble: this.file.trouble,
    };
}

const metatable = { __index: { current, find: current, is_stale, loaded_at, init_worker, status } };

/**
 * The keys in a file. Raises when it cannot be read or has no keys; the message begins with the option's path and shows nothing of
 * the file. Phases: init.
 */
function create({ registry, route, option, path }: Options): KeySource {
    const failures = key_figures.failures(registry, route);
    const source = setmetatable({ generation: 0, keys: undefined } as KeyFile, metatable);
    source.file = watched_file.new({
        registry,
        plugin: "auth",
        option,
        path,
        most_bytes: key_set.MOST_BYTES,
        on_text: (text) => take(source, text),
        on_trouble: () => failures.inc(),
    });
    key_figures.add(registry, route, source);
    return source;
}
export { create as new };
