/**
 * Sends records to a sink after the response, so that no client waits for it: a bounded queue in each worker, in memory or on disk, that
 * one background thread delivers in batches. See docs/post_action.md.
 */
import type { Buffer } from "string.buffer";
import * as problem from "./config/problems";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Registry } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as request from "./core/request/request";
import * as json from "./core/text/json";
import * as clock from "./core/time/clock";
export { after, limit_after } from "./post_action/after";
import * as worker_process from "./core/process/worker_process";
import * as durable_queue from "./post_action/durable_queue";
import type { Figures, Reason } from "./post_action/figures";
import * as figures_of from "./post_action/figures";
import * as flushers from "./post_action/flusher";
import type { Ids } from "./post_action/ids";
import * as ids from "./post_action/ids";
import type { Queue } from "./post_action/queue";
import * as queues from "./post_action/queue";
import type { Recorder } from "./post_action/record";
import * as records from "./post_action/record";
import type { Settings } from "./post_action/settings";
import * as settings_of from "./post_action/settings";
import * as sinks from "./post_action/sinks";
import type { Flusher } from "./post_action/state";
import * as states from "./post_action/state";
import { drop, show } from "./post_action/state";

export interface PostAction {
    readonly record: boolean;
    readonly most_line_bytes: number;
    readonly recorder: Recorder;
    readonly ids: Ids;
    readonly queue: Queue;
    /** Whether `push` waits until the entry is synced to disk. */
    readonly waits: boolean;
    readonly flusher: Flusher;
    readonly figures: Figures;
    push(entry: unknown): Result<true>;
    log(route?: string): void;
    init_worker(): void;
    exit_worker(): void;
}

const NAME = "post_action";
const OPENING_BRACE = string.byte("{");

/** Counts an entry that is not queued. */
function refuse(post_action: PostAction, reason: Reason, why: string): Result<true> {
    drop(post_action.flusher, reason, 1, why);
    return $multi(undefined, why);
}

/** Queues a line, which must be a single one. */
function push_line(post_action: PostAction, line: string | Buffer): Result<true> {
    const flusher = post_action.flusher;
    if (length_of(line) > post_action.most_line_bytes) {
        return refuse(post_action, "too_large", `longer than ${post_action.most_line_bytes} bytes`);
    }
    const [is_running, why_not] = flushers.ensure_running(flusher);
    if (is_running === undefined) return refuse(post_action, "exit", why_not);
    const [taken, dropped] = post_action.queue.offer(line, clock.now());
    drop(flusher, "overflow", dropped, "the queue is full");
    show(flusher);
    if (!taken || dropped > 0) flushers.overflowed(flusher);
    if (!taken) return refuse(post_action, "overflow", "the queue is full");
    flushers.entry_added(flusher);
    return $multi(true);
}

/** Encodes a table as JSON with a new `id` in front, unless it has an `id` or is a list. */
function line_of(post_action: PostAction, entry: { readonly id?: unknown }): Result<string> {
    const [line, err] = json.encode(entry);
    if (line === undefined) return $multi(undefined, err);
    if (entry.id !== undefined || string.byte(line) !== OPENING_BRACE) return $multi(line);
    const rest = line === "{}" ? "}" : `,${string.sub(line, 2)}`;
    return $multi(`{"id":"${ids.next(post_action.ids)}"${rest}`);
}

/** Queues the line of an entry, and waits until it is synced to disk where the options say so. */
function queue_line(post_action: PostAction, line: string): Result<true> {
    const [ok, err] = push_line(post_action, line);
    if (ok === undefined) return $multi(undefined, err);
    if (post_action.waits) post_action.queue.wait();
    return $multi(true);
}

/**
 * Queues an entry: a one-line string unchanged, a table as JSON with an id. Never raises. Yields only with `fsync = "always"`, until the
 * entry is synced to disk, in phases that may yield. Phases: any but init and exit_worker. Nil and why when the entry is dropped, which
 * is counted and logged.
 */
function push(this: PostAction, entry: unknown): Result<true> {
    if (typeof entry === "string") {
        const [line_end] = string.find(entry, "\n", 1, true);
        if (line_end !== undefined || entry === "") return refuse(this, "invalid", "an entry must be one line");
        return queue_line(this, entry);
    }
    if (type(entry) !== "table") return refuse(this, "invalid", "an entry must be a string or a table");
    const [line, err] = line_of(this, entry as object);
    if (line === undefined) return refuse(this, "invalid", err);
    return queue_line(this, line);
}

/** Queues the record of this request. `route`: its name; `$openclaw_route` unless given. Phases: log. */
function log(this: PostAction, route?: string): void {
    if (!this.record) return;
    // Without `pcall`: LuaJIT does not compile traces that leave it.
    if (!request.is_there()) refuse(this, "invalid", "there is no request");
    else push_line(this, records.write(this.recorder, route));
}

/** Starts the background thread; else the first entry does. Phases: init_worker. */
function init_worker(this: PostAction): void {
    if (worker_process.is_here()) flushers.ensure_running(this.flusher);
}

/** Counts and logs entries that were not delivered. Phases: exit_worker. */
function exit_worker(this: PostAction): void {
    flushers.close(this.flusher);
}

const metatable = { __index: { push, log, init_worker, exit_worker } };

/** The unique name of the sink, for metrics and for its folder on disk. Raises where another sink has it. */
function name_of({ path, name, sink }: Settings, registry: Registry): string {
    const its_name = name ?? sink.type;
    if (figures_of.is_taken(registry, its_name)) {
        const what = name === undefined ? 'a "name"' : 'another "name"';
        error(`${problem.beginning(path)} give it ${what}: another sink is already named "${its_name}"`, 0);
    }
    return its_name;
}

/** The queue: in memory, or on disk. */
function open_queue(settings: Settings, name: string, registry: Registry, faults: Faults): Queue {
    const { queue, path } = settings;
    const memory = queues.new(queue.max_entries, queue.max_bytes, queue.drop === "oldest");
    if (!queue.durable) return memory;
    return durable_queue.new(queue, name, path, memory, figures_of.of_spool(registry, name), faults);
}

/** A queue with its sink. Phases: init. Raises where options contradict each other, or something that they need is missing. */
export function create(settings: Settings): PostAction {
    const { queue: options, dead_letter } = settings;
    const sink = sinks.create(settings.sink, settings.sink_path);
    const registry = metric_registry.open(options.dict);
    const name = name_of(settings, registry);
    const [batch_entries, batch_bytes] = settings_of.batch_limits(options);
    const { batch_seconds, retry_seconds, drain_seconds } = options;
    const limits = { name, batch_entries, batch_bytes, batch_seconds, retry_seconds, drain_seconds };
    const dead_letter_sink = dead_letter === undefined ? undefined : sinks.create_dead_letter(dead_letter);
    const its_ids = ids.new();
    const figures = figures_of.new(registry, name);
    const faults = fault.new(NAME, registry);
    const queue = open_queue(settings, name, registry, faults);
    const fields = {
        record: options.record,
        // A batch has at least one line, with its line end.
        most_line_bytes: batch_bytes - 1,
        recorder: records.new(its_ids, options.record_query, options.record_variables),
        ids: its_ids,
        queue,
        waits: queue.is_durable && options.fsync === "always",
        flusher: states.new(limits, queue, sink, dead_letter_sink, figures, faults),
        figures,
    };
    return setmetatable(fields, metatable);
}

/** A queue with its sink, from the options in docs/post_action.md. Phases: init. Raises with all problems. */
function alone(given: unknown): PostAction {
    return create(settings_of.read_alone(given, NAME));
}
export { alone as new };
