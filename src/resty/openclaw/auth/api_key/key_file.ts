/** Authenticates by API keys whose digests stand in a file, which is read again when it changes. */
import type { WatchedFile } from "../../core/files/watched_file";
import * as watched_file from "../../core/files/watched_file";
import type { Registry } from "../../core/metrics/metric_registry";
import * as time_slice from "../../core/time/time_slice";
import type { Method, Verdict } from "../model";
import * as credentials from "./credential";
import type { Entries } from "./entries";
import * as entries from "./entries";

export interface Options {
    readonly registry: Registry;
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

export interface KeyFile extends Method {
    readonly file: WatchedFile;
    /** The keys in use. */
    readonly keys: { current: Entries };
    init_worker(): void;
    status(): Status;
}

function check(this: KeyFile, credential: string, now: WallTime): Verdict {
    if (!credentials.is_legal(credential)) return $multi(undefined, "malformed");
    const digest = credentials.digest_of(credential);
    if (digest === undefined) return $multi(undefined, "unavailable");
    const caller = entries.find(this.keys.current, digest);
    if (caller === undefined) return $multi(undefined, "unknown_key");
    if (caller.expires_at !== undefined && now >= caller.expires_at) return $multi(undefined, "expired");
    return $multi(caller);
}

function init_worker(this: KeyFile): void {
    watched_file.begin(this.file);
}

function status(this: KeyFile): Status {
    const { options, loaded_at, trouble } = this.file;
    return {
        source: options.path,
        keys: this.keys.current.count,
        age_seconds: math.max(0, ngx.time() - loaded_at),
        stale: trouble !== undefined,
        trouble,
    };
}

function go_on(): void {
    // In init nobody waits.
}

const metatable = { __index: { check, init_worker, status } };

/** Reads the file. Raises where it cannot be read, is wrong or has no keys; the message shows nothing of it. Phases: init. */
function create({ registry, plugin, option, path }: Options): KeyFile {
    const keys = { current: { count: 0 } as Entries };
    const on_text = (text: string): LuaMultiReturn<[taken?: true | undefined, err?: string]> => {
        const is_init = ngx.get_phase() === "init";
        const [found, err] = entries.parse(text, is_init ? go_on : time_slice.paced(time_slice.yield_now));
        if (found === undefined) return $multi(undefined, err);
        keys.current = found;
        return $multi(true);
    };
    const file = watched_file.new({ registry, plugin, option, path, most_bytes: entries.MOST_BYTES, on_text });
    const method: Pick<KeyFile, "name" | "file" | "keys"> = { name: "api_key", file, keys };
    return setmetatable(method, metatable);
}
export { create as new };
