/**
 * The purges that operators have made. Each filter (a route, a tenant, a model, or several of these) and each single key has the number of
 * its last purge, which is a part of the keys of requests: so a purged answer is not found any more, and nothing is deleted.
 *
 * The purges stand in a file, which only workers write: a purge is claimed when the file is synced to disk. Each worker has them in a table,
 * and reads what is new when a number in shared memory has changed, which each request compares. Twice a second it looks whether the file
 * has changed by itself, for other gateways that use it, and for a worker that was killed before it changed the number.
 *
 * Where there is no whole file, nobody knows what was purged, so everything is: a random epoch is a part of all keys, too.
 */
import * as kinds from "../config/kinds";
import type { Values } from "../config/schema";
import { option, optional } from "../config/schema";
import * as random from "../core/bytes/random";
import * as file_state from "../core/files/file_state";
import * as files from "../core/files/files";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { Faults } from "../core/metrics/fault";
import * as fault from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_registry from "../core/metrics/metric_registry";
import * as clock from "../core/time/clock";
import type { Filter } from "./purges/filter";
import * as filters from "./purges/filter";
import type { Generations } from "./purges/generations";
import * as generations from "./purges/generations";
import type { List } from "./purges/list";
import * as lists from "./purges/list";
import * as purge_file from "./purges/purge_file";

export type { Filter };

/** What was purged. */
export interface Made {
    readonly generation: number;
    /** Whether everything was purged. */
    readonly is_all: boolean;
}

/** What is kept. */
export interface State {
    readonly path: string;
    /** How many filters and keys there are. */
    readonly filters: number;
    /** The number of the last purge, and when it was; 0 before the first one. */
    readonly last: number;
    readonly at: WallTime;
}

export interface Purges {
    readonly path: string;
    readonly thread_pool: string;
    readonly region: Region;
    /** Another number after each purge. */
    readonly stamp: Doubles;
    readonly faults: Faults;
    readonly done: Counter;
    readonly failed: Counter;
    /** The stamp of what follows; none that there ever is if it may have changed. */
    seen: number;
    /** The state of the file that was read. */
    file: string;
    epoch: string;
    last: number;
    at: WallTime;
    /** Of the file, as this worker has last read it. */
    known_epoch: string;
    known_last: number;
    all: Generations;
    /** What keys get of requests that no other purge is about. */
    part: string;
    /** Whether there are single keys. */
    has_keys: boolean;
    /** Whether the file is still to be begun. */
    is_lost: boolean;
    /** What is purged now, and what was last. Phases: content. Never raises. */
    state(): State;
    /** Purges what passes the filter, for all workers. On failure nil and why; then nothing is claimed. Phases: content; yields. */
    add(filter: Filter): Result<Made>;
}

/** The options in `setup`. */
export const SCHEMA = {
    purges: optional(
        kinds.path,
        "the file of the [purges](cache.md#purge); without it nothing can be purged. The workers must be able to write in its folder",
    ),
    thread_pool: option(kinds.text, "default", "the `thread_pool` of nginx that writes the file"),
};

const NAME = "cache";
const FILE_MODULE = "resty.openclaw.cache.purges.purge_file";
/** No stamp. */
const UNSEEN = -1;
/** How long a purge waits for others, and how often it looks. */
const WAIT_SECONDS = 10;
const TRY_SECONDS = 0.01;
/** 2^20: stamps have 52 bits. */
const HIGH = 0x100000;

/** A number that there has not been yet. */
function new_stamp(): number {
    return random.bits() * HIGH + (random.bits() % HIGH) + 1;
}

/** The table's purges are these now; `is_more`: and those that it had. */
function take(purges: Purges, list: List, is_more: boolean): boolean {
    const all = is_more ? purges.all : generations.new();
    for (const entry of list.entries) {
        if (entry.filter === filters.ALL) {
            // It is the last one, and those that the table had are older.
            if (is_more) return take(purges, list, false);
            all.all = entry.generation;
        } else {
            const filter = filters.read(entry.filter);
            if (filter === undefined) return false;
            generations.note(all, filter, entry.generation);
        }
    }
    purges.all = all;
    purges.epoch = list.epoch;
    purges.last = list.last;
    purges.at = list.at;
    purges.part = string.format("%s.%d", list.epoch, all.all);
    purges.has_keys = all.key_count > 0;
    return true;
}

/** Nobody knows what was purged. Until there is a file, the answers of this worker are its own. */
function lose(purges: Purges): void {
    take(purges, lists.fresh(), false);
    purges.is_lost = true;
}

/** Reads the whole file. Returns why that failed, if it did. */
function read_all(purges: Purges): string | undefined {
    const [list, problem, err] = purge_file.read(purges.path);
    if (list === undefined) return err ?? problem;
    if (lists.is_older(list, purges.known_epoch, purges.known_last)) return "is older than it was";
    if (!take(purges, list, false)) return "damaged";
    return undefined;
}

/** Takes what is new in the file, or all that it has. Returns why that failed, if it did. */
function take_file(purges: Purges): string | undefined {
    const [text] = files.beginning(purges.path, lists.MOST_FILE_BYTES + 1);
    const news = lists.newer(text ?? "", purges.epoch, purges.last);
    if (news !== undefined && take(purges, news, true)) return undefined;
    return read_all(purges);
}

/** The purges are those of the file from now on. Returns why that failed, if it did. */
function load(purges: Purges): string | undefined {
    purges.seen = purges.stamp.get(0);
    purges.file = file_state.of(purges.path, lists.MOST_FILE_BYTES);
    const problem = take_file(purges);
    if (problem !== undefined) return problem;
    purges.known_epoch = purges.epoch;
    purges.known_last = purges.last;
    purges.is_lost = false;
    return undefined;
}

/** Calls a function of the file, in a thread if there is one. */
function call_once(purges: Purges, name: "add" | "begin", text: string): string {
    const { path, thread_pool, known_epoch, known_last } = purges;
    const at = ngx.time();
    if (ngx.run_worker_thread !== undefined) {
        const [called, answer] = ngx.run_worker_thread<string>(
            thread_pool,
            FILE_MODULE,
            name,
            path,
            known_epoch,
            known_last,
            text,
            at,
        );
        // The pool may not exist.
        if (called) return answer;
    }
    if (name === "add") return purge_file.add(path, known_epoch, known_last, text, at);
    return purge_file.begin(path, known_epoch, known_last, text);
}

/** The same, as soon as nobody else changes the file. */
function call_file(purges: Purges, name: "add" | "begin", text: string): string {
    const give_up = later(clock.now(), WAIT_SECONDS);
    let answer = call_once(purges, name, text);
    while (answer === purge_file.BUSY && clock.now() < give_up) {
        ngx.sleep(TRY_SECONDS);
        answer = call_once(purges, name, text);
    }
    return answer;
}

/** Begins the file, if it has to be, and finds out whether it may be written. */
function begin(purges: Purges): void {
    const answer = call_file(purges, "begin", purges.epoch);
    const [problem] = string.match(answer, "^failed (.*)$");
    if (problem !== undefined) {
        const folder = purge_file.folder_of(purges.path);
        purges.faults.report("purges_unwritable", purges.path, ": ", problem, "; let the workers write in ", folder);
    }
    if (answer === "begun") purges.stamp.set(0, new_stamp());
    if (purges.is_lost && problem === undefined) load(purges);
}

function begin_in_timer(premature: boolean, purges: Purges): void {
    if (!premature) guard.call(purges.faults, "purges_unwritable", begin, purges);
}

function begin_soon(purges: Purges): void {
    const [ok, err] = ngx.timer.at(0, begin_in_timer, purges);
    if (!ok) purges.faults.report("timer", "the file of purges is not begun: ", err);
}

/** Reads what other workers have purged. */
function refresh(purges: Purges): void {
    const problem = load(purges);
    if (problem === undefined) return;
    purges.faults.report("purges_unreadable", purges.path, ": ", problem, "; everything is purged");
    lose(purges);
    begin_soon(purges);
}

/**
 * What the key of such a request has of purges: another text after each purge that it is subject to. `tenant`, `model`: nothing if nobody
 * knows of which one the answer is that the request may get; then it is subject to the purges of all of them. Phases: access; blocks for the
 * reading of what other workers have purged.
 */
export function part_of(purges: Purges, route: string, tenant: string | undefined, model: string | undefined): string {
    if (purges.stamp.get(0) !== purges.seen) refresh(purges);
    const generation = generations.newest(purges.all, route, tenant, model);
    if (generation === purges.all.all) return purges.part;
    return string.format("%s.%d", purges.epoch, generation);
}

/** What is to be added to a key that was purged alone; nothing for any other. To be asked after `part_of`. Phases: any. */
export function generation_of_key(purges: Purges, key: string): string | undefined {
    const generation = purges.all.keys.get(key);
    return generation === undefined ? undefined : tostring(generation);
}

function state(this: Purges): State {
    if (this.stamp.get(0) !== this.seen) refresh(this);
    const { path, last, at, all } = this;
    return { path, last, at, filters: all.filter_count + all.key_count + (all.all > 0 ? 1 : 0) };
}

function add(this: Purges, filter: Filter): Result<Made> {
    const answer = call_file(this, "add", filters.text(filter));
    const [what, digits] = string.match(answer, "^(%l+) (%d+)$");
    if (what !== "done" && what !== "all") {
        this.failed.inc();
        const [problem] = string.match(answer, "^failed (.*)$");
        const why = problem ?? "another purge is in progress; try again";
        this.faults.report("purges_unwritable", this.path, ": ", why);
        return $multi(undefined, why);
    }
    this.stamp.set(0, new_stamp());
    this.done.inc();
    return $multi({ generation: tonumber(digits)!, is_all: what === "all" });
}

const metatable = { __index: { state, add } };

/** Makes requests read the file again if it has changed. */
function look(purges: Purges): void {
    if (file_state.of(purges.path, lists.MOST_FILE_BYTES) !== purges.file) purges.seen = UNSEEN;
}

/** Begins the file if there is none, and finds out whether this worker may write it. Phases: init_worker. */
export function init_worker(purges: Purges): void {
    purges.region.duties.push(() => {
        look(purges);
    });
    shared_memory.attend(purges.region);
    // The master has read the file long ago, if this worker takes the place of one that crashed.
    if (load(purges) !== undefined && !purges.is_lost) purges.seen = UNSEEN;
    begin_soon(purges);
}

/** Reads the file when nginx starts. Raises if that cannot be the file. */
function open(purges: Purges, path: string): void {
    const [list, problem, err] = purge_file.read(purges.path);
    if (problem === "unreadable") error(`${path}: cannot read ${purges.path}: ${err}`, 0);
    if (problem === "foreign") error(`${path}: ${purges.path} is another file; name one that does not exist yet`, 0);
    if (list !== undefined && take(purges, list, false)) {
        purges.known_epoch = list.epoch;
        purges.known_last = list.last;
        return;
    }
    if (problem !== "missing") {
        purges.faults.report_each(
            "purges_damaged",
            purges.path,
            " is damaged; it is kept as .damaged, and everything is purged",
        );
    }
    lose(purges);
}

/** The purges in the file of the option; nothing without the option. Raises if the file is another one. Phases: init. */
function create(options: Values<typeof SCHEMA>, dict: string, path: string): Purges | undefined {
    if (options.purges === undefined) return undefined;
    const registry = metric_registry.open(dict);
    const [slot, err] = shared_memory.slot(registry.region, `purges ${options.purges}`);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    const family = metric_registry.counter(
        registry,
        "openclaw_cache_purges_total",
        "Purges of the cache by operators, by whether they were kept.",
        ["result"],
    );
    const stamp = pointer_add(registry.region.common, slot);
    const purges = setmetatable(
        {
            path: options.purges,
            thread_pool: options.thread_pool,
            region: registry.region,
            stamp,
            faults: fault.new(NAME, registry),
            done: family.labels("done"),
            failed: family.labels("failed"),
            seen: stamp.get(0),
            file: file_state.of(options.purges, lists.MOST_FILE_BYTES),
            epoch: "",
            last: 0,
            at: 0 as WallTime,
            known_epoch: "",
            known_last: 0,
            all: generations.new(),
            part: "",
            has_keys: false,
            is_lost: false,
        },
        metatable,
    );
    open(purges, `${path}.purges`);
    return purges;
}
export { create as new };
