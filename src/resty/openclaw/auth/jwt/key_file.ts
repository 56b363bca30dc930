/** Keys from a file with a JWKS. It is read again within two seconds when it changes; a wrong file leaves the keys as they are. */
import type { WatchedFile } from "../../core/files/watched_file";
import * as watched_file from "../../core/files/watched_file";
import type { Counter } from "../../core/metrics/metric_handles";
import type { Registry } from "../../core/metrics/metric_registry";
import * as time_slice from "../../core/time/time_slice";
import * as key_figures from "../key_figures";
import type { Algorithm } from "./algorithms";
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
    readonly needs: (readonly Algorithm[])[];
    /** By the routes that use it. */
    readonly failures: LuaMap<string, Counter>;
}

/** Parses a text; the keys stay as they are if it is wrong. */
function take(source: KeyFile, text: string): Result<true> {
    const pause = ngx.get_phase() === "timer" ? time_slice.paced(time_slice.yield_now) : undefined;
    const [keys, err] = key_set.parse(text, source.needs, pause);
    if (keys === undefined) return $multi(undefined, err);
    source.keys = keys;
    source.generation += 1;
    return $multi(true);
}

function current(this: KeyFile): KeySet | undefined {
    return this.keys;
}

function count(this: KeyFile): number {
    return this.keys?.keys.length ?? 0;
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
        keys: this.count(),
        skipped: this.keys?.skipped ?? [],
        age_seconds: math.max(0, ngx.time() - this.file.loaded_at),
        stale: this.is_stale(),
        trouble: this.file.trouble,
    };
}

const metatable = { __index: { current, find: current, count, is_stale, loaded_at, init_worker, status } };

/** By dict and path: routes with the same file share its keys. */
const known = new LuaMap<string, KeyFile>();

function count_failure(source: KeyFile): void {
    for (const [, counter] of source.failures) counter.inc();
}

function read({ registry, option, path }: Options): KeyFile {
    const source: KeyFile = setmetatable(
        { generation: 0, keys: undefined, needs: [], failures: new LuaMap() } as unknown as KeyFile,
        metatable,
    );
    source.file = watched_file.new({
        registry,
        plugin: "auth",
        option,
        path,
        most_bytes: key_set.MOST_BYTES,
        on_text: (text) => take(source, text),
        on_trouble: () => {
            count_failure(source);
        },
    });
    return source;
}

/**
 * The keys in a file. Raises when it cannot be read or has no keys; the message begins with the option's path and shows nothing of
 * the file. Phases: init.
 */
function create(options: Options): KeySource {
    const { registry, route, path } = options;
    const name = `${registry.dict_name} ${path}`;
    let source = read(options);
    const earlier = known.get(name);
    if (earlier !== undefined && earlier.file.digest === source.file.digest) source = earlier;
    known.set(name, source);
    source.failures.set(route, key_figures.failures(registry, route, "jwt"));
    key_figures.add(registry, route, "jwt", source);
    return source;
}
export { create as new };
