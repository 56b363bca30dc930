/**
 * Files that are read again when they change, without a reload. One timer in each worker looks at all of them once a second, never
 * a request. What is new is read 0.3 s later, if nothing has changed since: so a file that is being written is not read half.
 *
 * A file that is missing, unreadable or wrong changes nothing: what was read last stays in use, and one worker reports it, once for
 * each change. The text that was read last is in shared memory, too: a worker that takes the place of a crashed one would go on with what
 * the master has read. Messages never contain what stands in a file.
 */
import * as ffi from "ffi";
import * as problem from "../../config/problems";
import * as digests from "../bytes/digest";
import type { Faults } from "../metrics/fault";
import * as faults from "../metrics/fault";
import * as guard from "../metrics/guard";
import type { Registry } from "../metrics/metric_registry";
import * as process from "../process/worker_process";
import * as time_slice from "../time/time_slice";
import * as file_state from "./file_state";
import * as files from "./files";

export interface Options {
    readonly registry: Registry;
    /** Who reports faults. */
    readonly plugin: string;
    /** The path of the option, with which messages begin. */
    readonly option: string;
    readonly path: string;
    /** Larger files are refused. */
    readonly most_bytes: number;
    /**
     * Takes what stands in the file; nil and why where it is wrong, without showing it. Called in init, then in timers, and only for a
     * text that differs from the last one. May yield.
     */
    readonly on_text: (this: void, text: string) => LuaMultiReturn<[taken?: unknown, err?: string | undefined]>;
    /** Called when a change is reported as a fault: once, in one worker of the machine. */
    readonly on_trouble?: ((this: void) => void) | undefined;
}

export interface WatchedFile {
    readonly options: Options;
    readonly faults: Faults;
    /** The state that was dealt with last; nothing before this worker's first look. */
    seen: string | undefined;
    /** The state that is new, if it lasts. */
    candidate: string | undefined;
    /** How often in a row it did not last. */
    restless: number;
    /** Identifies the text that was taken last. */
    digest: string;
    /** What marks the present trouble as reported. */
    report_mark: string | undefined;
    /** Why the file's present state is not in use; nothing when it is. */
    trouble: string | undefined;
    /** When this process last found a text in order. */
    loaded_at: WallTime;
    is_watched: boolean;
}

const LOOK_SECONDS = 1;
/** How long a state must last; a longer pause in the middle of a write goes unnoticed until the next look. */
const SETTLE_SECONDS = 0.3;
/** A file that never comes to rest is read at every so many looks. */
const MOST_RESTLESS = 3;
/** Each state of a file is reported once in so many seconds: a reload and a new worker find the same trouble. */
const REPORT_SECONDS = 86400;

/** All watched files of this worker. */
const watched: WatchedFile[] = [];
let is_ticking = false;
let is_looking = false;

const sha256 = digests.new("sha256");
/** So much takes a third of a millisecond at most. */
const DIGEST_BYTES = 65536;

/** The digest of a text; in timers others have their turn meanwhile. Nil and why where OpenSSL fails. */
function digest_of(text: string): Result<string> {
    const pause = ngx.get_phase() === "timer" ? time_slice.paced(time_slice.yield_now) : undefined;
    const bytes = ffi.cast("const char *", text) as unknown as Bytes;
    const context = sha256.begin();
    for (const at of $range(0, text.length - 1, DIGEST_BYTES)) {
        if (at > 0) pause?.();
        digests.update(context, pointer_add(bytes, at), math.min(DIGEST_BYTES, text.length - at));
    }
    return sha256.finish(context);
}

/** The names of the last text, and of its digest, in the dict. */
function text_name(file: WatchedFile): string {
    return `file text ${ngx.md5(file.options.path)}`;
}

function digest_name(file: WatchedFile): string {
    return `file digest ${ngx.md5(file.options.path)}`;
}

/** Shares the text that was taken, unless another worker has done so. */
function share(file: WatchedFile, text: string): void {
    const { region, dict_name } = file.options.registry;
    if (!region.shared) return;
    const [before] = region.names.get<string>(digest_name(file));
    if (before === file.digest) return;
    const [stored, err] = region.names.safe_set(text_name(file), text);
    if (stored === true) {
        region.names.safe_set(digest_name(file), file.digest);
        return;
    }
    region.names.delete(digest_name(file));
    const effect = "if a worker crashes while the file is unusable, the next one uses what was read at the start";
    file.faults.report(
        "file",
        file.options.option,
        ": no room in the lua_shared_dict ",
        dict_name,
        ": ",
        err,
        "; ",
        effect,
    );
}

/** Hands a text over that has this digest; why it was not taken. */
function hand_over_new(file: WatchedFile, text: string, digest: string): string | undefined {
    const [ok, taken, err] = guard.protected_call(file.options.on_text, text);
    // What it raised may show what stands there.
    if (!ok) return "cannot be read: an error inside the gateway";
    if (taken === undefined) return err ?? "is refused";
    file.digest = digest;
    return undefined;
}

/** Hands a text over; why it was not taken. */
function hand_over(file: WatchedFile, text: string): string | undefined {
    const [digest, digest_err] = digest_of(text);
    if (digest === undefined) return digest_err;
    const trouble = digest === file.digest ? undefined : hand_over_new(file, text, digest);
    if (trouble !== undefined) return trouble;
    share(file, text);
    file.loaded_at = ngx.time();
    return undefined;
}

/** The text; nil, why, and whether that stays so until the file is changed. */
function read(file: WatchedFile): LuaMultiReturn<[text: string] | [text: undefined, err: string, is_lasting: boolean]> {
    const { path, most_bytes } = file.options;
    const [text, err] = files.beginning(path, most_bytes + 1);
    if (text === undefined) return $multi(undefined, err, file_state.of(path, most_bytes) === file_state.ABSENT);
    if (text.length > most_bytes) return $multi(undefined, `has more than ${most_bytes} bytes`, true);
    return $multi(text);
}

/** Reports trouble, unless it was reported before, by this worker or another one. */
function report(file: WatchedFile, state: string, trouble: string): void {
    const { registry, option, path, on_trouble } = file.options;
    const mark = `file:${ngx.md5(`${option}\n${state}\n${trouble}`)}`;
    if (mark === file.report_mark) return;
    file.report_mark = mark;
    if (registry.region.shared) {
        const [, err] = registry.region.names.safe_add(mark, 1, REPORT_SECONDS);
        if (err === "exists") return;
    }
    const remedy = files.is_forbidden(trouble) ? `; ${files.REMEDY}` : "";
    file.faults.report_each(
        "file",
        problem.inner(option),
        ": ",
        path,
        ": ",
        trouble,
        remedy,
        "; what was read before stays in use",
    );
    on_trouble?.();
}

/** Notes that the file is in use again; one worker says so. */
function note_recovery(file: WatchedFile): void {
    const mark = file.report_mark;
    if (mark === undefined) return;
    file.report_mark = undefined;
    const { registry, option, path } = file.options;
    const [reported] = registry.region.names.get(mark);
    if (reported === undefined && registry.region.shared) return;
    registry.region.names.delete(mark);
    ngx.log(ngx.WARN, file.options.plugin, ": file: ", problem.inner(option), ": ", path, ": is in use again");
}

/** Deals with a new state. */
function take(file: WatchedFile, state: string): void {
    const { path, most_bytes } = file.options;
    const [text, err, is_lasting] = read(file);
    const is_settled = file_state.of(path, most_bytes) === state;
    // Changed while it was read: the next look finds it.
    if (!is_settled && file.restless < MOST_RESTLESS) {
        file.restless += 1;
        return;
    }
    file.restless = 0;
    file.trouble = text === undefined ? err : hand_over(file, text);
    // What could not be read may be readable at the next look, without a change.
    file.seen = is_settled && is_lasting !== false ? state : undefined;
    if (file.trouble === undefined) note_recovery(file);
    else report(file, state, file.trouble);
}

/** Whether the file has another state than the one that was dealt with. */
function looks_new(file: WatchedFile): boolean {
    const state = file_state.of(file.options.path, file.options.most_bytes);
    file.candidate = state === file.seen ? undefined : state;
    return file.candidate !== undefined;
}

/** Deals with the state of before, if it lasts. */
function confirm(file: WatchedFile): void {
    if (file.candidate === undefined) return;
    const state = file_state.of(file.options.path, file.options.most_bytes);
    if (state !== file.candidate && file.restless < MOST_RESTLESS) {
        file.restless += 1;
        return;
    }
    take(file, state);
}

/** One look at these files. Phases: timers; sleeps if there is anything new. */
export function look_at(list: readonly WatchedFile[]): void {
    let is_any_new = false;
    for (const file of list) {
        const is_new = looks_new(file);
        is_any_new = is_any_new || is_new;
    }
    if (!is_any_new) return;
    ngx.sleep(SETTLE_SECONDS);
    for (const file of list) guard.call(file.faults, "file", confirm, file);
}

function tick(premature: boolean): void {
    // A look may take longer than a second where a disk is slow.
    if (premature || is_looking) return;
    is_looking = true;
    const [ok, err] = pcall(look_at, watched);
    is_looking = false;
    if (!ok) watched[0]!.faults.report("file", err);
}

/** Takes what other workers use, where that is not what the master has read: the file may have changed since. Phases: init_worker. */
export function catch_up(file: WatchedFile): void {
    const { region } = file.options.registry;
    if (!region.shared) return;
    const [digest] = region.names.get<string>(digest_name(file));
    if (digest === undefined || digest === file.digest) return;
    const [text] = region.names.get<string>(text_name(file));
    const trouble = text === undefined ? "the text is lost" : hand_over_new(file, text, digest);
    if (trouble !== undefined) file.faults.report("file", file.options.option, ": what other workers use: ", trouble);
}

/**
 * Watches the file in this worker from now on. The first look reads it again, as the worker's user may not be allowed to. Phases:
 * init_worker, or any that may start a timer.
 */
export function begin(file: WatchedFile): void {
    if (file.is_watched || !process.is_here()) return;
    file.is_watched = true;
    file.seen = undefined;
    watched.push(file);
    catch_up(file);
    if (is_ticking) return;
    const [ok, err] = ngx.timer.every(LOOK_SECONDS, tick);
    is_ticking = ok !== undefined && ok !== false;
    if (!is_ticking) file.faults.report("timer", err);
}

/**
 * Reads a file and hands it over. Raises when it cannot be read or is wrong; the message begins with the option's path. Phases: init.
 */
function create(options: Options): WatchedFile {
    const file: WatchedFile = {
        options,
        faults: faults.new(options.plugin, options.registry),
        seen: undefined,
        candidate: undefined,
        restless: 0,
        digest: "",
        report_mark: undefined,
        trouble: undefined,
        loaded_at: 0 as WallTime,
        is_watched: false,
    };
    const [text, err] = read(file);
    const trouble = text === undefined ? err : hand_over(file, text);
    if (trouble !== undefined) error(`${options.option}: ${options.path}: ${trouble}`, 0);
    return file;
}
export { create as new };
