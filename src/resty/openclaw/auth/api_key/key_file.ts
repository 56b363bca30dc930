/** Authenticates by API keys whose digests stand in a file, which is read again when it changes. */
import type { WatchedFile } from "../../core/files/watched_file";
import * as watched_file from "../../core/files/watched_file";
import type { Counter } from "../../core/metrics/metric_handles";
import type { Registry } from "../../core/metrics/metric_registry";
import * as time_slice from "../../core/time/time_slice";
import * as key_figures from "../key_figures";
import type { Method, Verdict } from "../model";
import * as credentials from "./credential";
import type { Entries } from "./entries";
import * as entries from "./entries";

export interface Options {
    readonly registry: Registry;
    readonly route: string;
    /** Who reports faults. */
    readonly plugin: string;
    /** The path of the option with the file's path, for errors. */
    readonly option: string;
    readonly path: string;
}

/** For the status document; as of a JWKS. */
export interface Status {
    /** The path. */
    readonly source: string;
    readonly keys: number;
    /** Since this worker last found the file in order. */
    readonly age_seconds: number;
    /** Whether what stands in the file now is not in use. */
    readonly stale: boolean;
    /** Why it is not. */
    readonly trouble: string | undefined;
}

export interface KeyFile extends Method, key_figures.Source {
    file: WatchedFile;
    /** Those in use. */
    entries: Entries;
    /** By the routes that use it. */
    readonly failures: LuaMap<string, Counter>;
    init_worker(): void;
    status(): Status;
}

function check(this: KeyFile, credential: string, now: WallTime): Verdict {
    if (!credentials.is_legal(credential)) return $multi(undefined, "malformed");
    const digest = credentials.digest_of(credential);
    if (digest === undefined) return $multi(undefined, "unavailable");
    const caller = entries.find(this.entries, digest);
    if (caller === undefined) return $multi(undefined, "unknown_key");
    if (caller.expires_at !== undefined && now >= caller.expires_at) return $multi(undefined, "expired");
    return $multi(caller);
}

function init_worker(this: KeyFile): void {
    watched_file.begin(this.file);
}

function count(this: KeyFile): number {
    return this.entries.count;
}

function is_stale(this: KeyFile): boolean {
    return this.file.trouble !== undefined;
}

function loaded_at(this: KeyFile): WallTime {
    return this.file.loaded_at;
}

function status(this: KeyFile): Status {
    const { options, trouble } = this.file;
    return {
        source: options.path,
        keys: this.count(),
        age_seconds: math.max(0, ngx.time() - this.file.loaded_at),
        stale: this.is_stale(),
        trouble,
    };
}

/** Parses a text; the keys stay as they are if it is wrong. */
function take(method: KeyFile, text: string): Result<true> {
    const pause = ngx.get_phase() === "timer" ? time_slice.paced(time_slice.yield_now) : undefined;
    const [found, err] = entries.parse(text, pause);
    if (found === undefined) return $multi(undefined, err);
    method.entries = found;
    return $multi(true);
}

const metatable = { __index: { check, init_worker, count, is_stale, loaded_at, status } };

/** By dict and path: routes with the same file share its keys. */
const known = new LuaMap<string, KeyFile>();

function read({ registry, plugin, option, path }: Options): KeyFile {
    const members: Pick<KeyFile, "name" | "failures"> = { name: "api_key", failures: new LuaMap() };
    const method = setmetatable(members as KeyFile, metatable);
    method.file = watched_file.new({
        registry,
        plugin,
        option,
        path,
        most_bytes: entries.MOST_BYTES,
        on_text: (text) => take(method, text),
        on_trouble: () => {
            for (const [, counter] of method.failures) counter.inc();
        },
    });
    return method;
}

/** Reads the file. Raises where it cannot be read, is wrong or has no keys; the message shows nothing of it. Phases: init. */
function create(options: Options): KeyFile {
    const { registry, route, path } = options;
    const name = `${registry.dict_name} ${path}`;
    let method = read(options);
    const earlier = known.get(name);
    if (earlier !== undefined && earlier.file.digest === method.file.digest) method = earlier;
    known.set(name, method);
    method.failures.set(route, key_figures.failures(registry, route, "api_key"));
    key_figures.add(registry, route, "api_key", method);
    return method;
}
export { create as new };
