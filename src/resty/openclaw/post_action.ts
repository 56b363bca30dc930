/**
 * Sends records to a sink after the answer has left, so that no client ever waits for it: a bounded queue in each
 * worker, in memory or on disk, emptied in batches by one background thread. See docs/post_action.md.
 */
import type { Buffer } from "string.buffer";
import * as fault from "./fault";
import type { Faults } from "./fault";
import * as json from "./json";
import * as metric_registry from "./metric_registry";
import type { Registry } from "./metric_registry";
import * as read from "./options";
import type { Options } from "./options";
import * as clock from "./clock";
import * as request from "./request";
export { after, limit_after } from "./post_action/after";
import * as durable_queue from "./post_action/durable_queue";
import * as figures_of from "./post_action/figures";
import type { Figures, Reason } from "./post_action/figures";
import * as flushers from "./post_action/flusher";
import * as ids from "./post_action/ids";
import type { Ids } from "./post_action/ids";
import * as queues from "./post_action/queue";
import type { Queue, Ring } from "./post_action/queue";
import * as records from "./post_action/record";
import type { Recorder } from "./post_action/record";
import * as states from "./post_action/state";
import { drop, show } from "./post_action/state";
import type { Flusher } from "./post_action/state";
import * as sinks from "./post_action/sinks";
import * as worker_process from "./worker_process";

export interface PostAction {
    readonly record: boolean;
    readonly most_line_bytes: number;
    readonly recorder: Recorder;
    readonly ids: Ids;
    readonly queue: Queue;
    /** Whether `push` waits for the disk. */
    readonly waits: boolean;
    readonly flusher: Flusher;
    readonly figures: Figures;
    push(entry: unknown): Result<true>;
    log(route?: string): void;
    init_worker(): void;
    exit_worker(): void;
}

const OPTIONS = [
    "sink",
    "dead_letter",
    "name",
    "max_entries",
    "max_bytes",
    "batch_entries",
    "batch_bytes",
    "batch_seconds",
    "drop",
    "retry_seconds",
    "drain_seconds",
    "record",
    "record_query",
    "record_variables",
    "dict",
];
for (const option of durable_queue.OPTIONS) OPTIONS.push(option);

const MIB = 1024 * 1024;
const OPENING_BRACE = string.byte("{");

/** Books one entry that is not taken in. */
function refuse(post_action: PostAction, reason: Reason, why: string): Result<true> {
    drop(post_action.flusher, reason, 1, why);
    return $multi(undefined, why);
}

/** Queues a line that is known to be one. */
function push_line(post_action: PostAction, line: string | Buffer): Result<true> {
    const flusher = post_action.flusher;
    if (length_of(line) > post_action.most_line_bytes) {
        return refuse(post_action, "too_large", `longer than ${post_action.most_line_bytes} bytes`);
    }
    const [awake, asleep] = flushers.awaken(flusher);
    if (awake === undefined) return refuse(post_action, "exit", asleep);
    const [taken, dropped] = post_action.queue.offer(line, clock.now());
    drop(flusher, "overflow", dropped, "the queue is full");
    show(flusher);
    if (!taken || dropped > 0) flushers.overflowed(flusher);
    if (!taken) return refuse(post_action, "overflow", "the queue is full");
    flushers.arrived(flusher);
    return $multi(true);
}

/** A table as JSON that begins with its id: a new one, unless it brings one of its own or is a list. */
function line_of(post_action: PostAction, entry: { readonly id?: unknown }): Result<string> {
    const [line, err] = json.encode(entry);
    if (line === undefined) return $multi(undefined, err);
    if (entry.id !== undefined || string.byte(line) !== OPENING_BRACE) return $multi(line);
    const rest = line === "{}" ? "}" : `,${string.sub(line, 2)}`;
    return $multi(`{"id":"${ids.next(post_action.ids)}"${rest}`);
}

/** Queues the line of an entry, and sees to it that it is safe. */
function keep(post_action: PostAction, line: string): Result<true> {
    const [ok, err] = push_line(post_action, line);
    if (ok === undefined) return $multi(undefined, err);
    if (post_action.waits) post_action.queue.wait();
    return $multi(true);
}

/**
 * Queues an entry: a string as the line that it is, a table as JSON with an id. Never raises. Yields only with
 * `fsync = "always"`, until the disk has the entry, in phases that may. Phases: any but
 * init and exit_worker. Nil and why when the entry is dropped, which is counted and logged.
 */
function push(this: PostAction, entry: unknown): Result<true> {
    if (typeof entry === "string") {
        const [line_end] = string.find(entry, "\n", 1, true);
        if (line_end !== undefined || entry === "") return refuse(this, "invalid", "an entry must be one line");
        return keep(this, entry);
    }
    if (type(entry) !== "table") return refuse(this, "invalid", "an entry must be a string or a table");
    const [line, err] = line_of(this, entry as object);
    if (line === undefined) return refuse(this, "invalid", err);
    return keep(this, line);
}

/** Queues the record of this request. `route`: its name; `$openclaw_route` unless given. Phases: log. */
function log(this: PostAction, route?: string): void {
    if (!this.record) return;
    // No `pcall` around it: LuaJIT cannot compile a way out of one that begins inside.
    if (!request.is_there()) refuse(this, "invalid", "there is no request");
    else push_line(this, records.write(this.recorder, route));
}

/** Starts the background thread; without it the first entry does. Phases: init_worker. */
function init_worker(this: PostAction): void {
    if (worker_process.is_here()) flushers.awaken(this.flusher);
}

/** Counts and logs what could not be delivered any more. Phases: exit_worker. */
function exit_worker(this: PostAction): void {
    flushers.close(this.flusher);
}

const metatable = { __index: { push, log, init_worker, exit_worker } };

function read_variables(owner: string, options: Options): Record<string, string> {
    const variables = read.group(owner, options, "record_variables") ?? {};
    for (const [name, variable] of pairs(variables)) {
        const [legal] = string.find(typeof variable === "string" ? variable : "", "^[%w_]+$");
        if (typeof name !== "string" || legal === undefined) {
            read.refuse(owner, "record_variables", "a table of field names and variable names without $", variable);
        }
    }
    return variables as Record<string, string>;
}

/** Where entries wait: in memory, or on disk. */
function open_queue(options: Options, registry: Registry, name: string, memory: Ring, faults: Faults): Queue {
    if (read.flag("post_action", options, "durable", false)) {
        return durable_queue.new(options, name, memory, figures_of.of_spool(registry, name), faults);
    }
    if (options.spool !== undefined)
        read.refuse("post_action", "durable", 'true where there is a "spool"', options.durable);
    return memory;
}

/**
 * A queue with its sink. Phases: init. Raises one sentence when an option is wrong; the options stand in
 * docs/post_action.md.
 */
function create(given: unknown): PostAction {
    const options = read.check("post_action", given, OPTIONS);
    const sink_options = read.group("post_action", options, "sink");
    if (sink_options === undefined) read.refuse("post_action", "sink", "a table", sink_options);
    const sink = sinks.open("post_action sink", sink_options);
    const name = read.text("post_action", options, "name", sink_options.type as string);
    const registry = metric_registry.open(read.text("post_action", options, "dict", "openclaw"));
    if (figures_of.is_taken(registry, name)) {
        read.refuse("post_action", "name", "a name that no other post_action has", name);
    }
    const max_entries = read.whole("post_action", options, "max_entries", 1, 10000, 1000000);
    const max_bytes = read.whole("post_action", options, "max_bytes", 1, 16 * MIB);
    const what_drops = read.one_of("post_action", options, "drop", ["oldest", "newest"], "oldest");
    const settings = {
        name,
        batch_entries: read.whole("post_action", options, "batch_entries", 1, math.min(500, max_entries), max_entries),
        batch_bytes: read.whole("post_action", options, "batch_bytes", 1, math.min(MIB, max_bytes), max_bytes),
        batch_seconds: read.positive("post_action", options, "batch_seconds", 1),
        retry_seconds: read.positive("post_action", options, "retry_seconds", 60),
        drain_seconds: read.positive("post_action", options, "drain_seconds", 5),
    };
    const record = read.flag("post_action", options, "record", true);
    const with_query = read.flag("post_action", options, "record_query", false);
    const dead_letter =
        options.dead_letter === undefined ? undefined : sinks.open_dead_letter("post_action", options.dead_letter);
    const its_ids = ids.new();
    const recorder = records.new(its_ids, with_query, read_variables("post_action", options));
    const figures = figures_of.new(registry, name);
    const faults = fault.new("post_action", registry);
    const memory = queues.new(max_entries, max_bytes, what_drops === "oldest");
    const queue = open_queue(options, registry, name, memory, faults);
    const fields = {
        record,
        // A line has its end, and a batch has at least one line.
        most_line_bytes: settings.batch_bytes - 1,
        recorder,
        ids: its_ids,
        queue,
        waits: queue.is_durable && options.fsync === "always",
        flusher: states.new(settings, queue, sink, dead_letter, figures, faults),
        figures,
    };
    return setmetatable(fields, metatable) as unknown as PostAction;
}
export { create as new };
