/** The options of a queue and its sink, as docs/post_action.md lists them. */
import * as kinds from "../config/kinds";
import { take_out } from "../config/misplaced";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { again, computed, joined, map_of, option, optional, read, required } from "../config/schema";
import * as durable_queue from "./durable_queue";
import type { SinkOptions } from "./sinks";
import * as sinks from "./sinks";
import { PATH } from "./sinks/file";

const MIB = 1024 * 1024;
const BATCH_ENTRIES = 500;
const BATCH_BYTES = MIB;

const MEMORY_SCHEMA = {
    max_entries: option(
        kinds.whole(1, 1000000),
        10000,
        "maximum number of entries in a worker's queue, those being sent included",
    ),
    max_bytes: option(kinds.whole(1), 16 * MIB, "maximum size of the queue, line ends included"),
    drop: option(
        kinds.one_of("oldest", "newest"),
        "oldest",
        "which entries are dropped when the queue is full; a batch being sent is never dropped",
    ),
    batch_entries: computed(
        kinds.whole(1),
        `${BATCH_ENTRIES}, or \`max_entries\` if that is less`,
        "number of entries at which a batch is sent; at most `max_entries`",
    ),
    batch_bytes: computed(
        kinds.whole(1),
        `${BATCH_BYTES}, or \`max_bytes\` if that is less`,
        "size at which a batch is sent; a longer entry is dropped; at most `max_bytes`",
    ),
    batch_seconds: option(kinds.positive, 1, "age of the oldest entry at which a batch is sent"),
    retry_seconds: option(
        kinds.positive,
        60,
        "seconds after its first attempt in which a batch is retried; then it is dropped",
    ),
    drain_seconds: option(kinds.positive, 5, "the same for a worker that exits, counted from its last entry"),
    record: option(kinds.flag, true, "whether `log` queues a record; with false only your own entries are sent"),
    record_query: option(kinds.flag, false, "whether `uri` has the query string, which may hold secrets"),
    record_variables: option(
        map_of(kinds.variable_name),
        new LuaTable(),
        'more fields of the record: `{ pond = "arg_pond" }` shows `$arg_pond` as `"pond"`; null when empty. What nginx or the gateway writes as a number (`$status`, `$request_time`, `$openclaw_prompt_tokens`, …) is a number; all other values are strings, even if a client writes a number into it',
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

/** The options of a queue without those of its sink, which several queues may share. */
export const QUEUE_SCHEMA = joined(MEMORY_SCHEMA, durable_queue.SCHEMA);

/** The path of the dead-letter file. */
export const DEAD_LETTER = optional(
    PATH,
    "absolute path of a file for the entries that the sink rejects; [see below](#when-a-sink-fails)",
);
export const NAME = computed(
    kinds.text,
    "the sink's type",
    "name of the sink in metrics and log lines; each sink needs its own",
);

const SINK_SCHEMA = {
    sink: required(
        sinks.SINK,
        "the sink to which entries are sent: its `type`, and the [options of that type](#sinks)",
    ),
    dead_letter: again(DEAD_LETTER),
    name: again(NAME),
};

/** All options of a queue that stands alone. */
export const SCHEMA = joined(SINK_SCHEMA, QUEUE_SCHEMA);

export type QueueOptions = Values<typeof QUEUE_SCHEMA>;

/** One queue and its sink. */
export interface Settings {
    /** The path of the table with the name, for errors. */
    readonly path: string;
    readonly sink: SinkOptions;
    readonly sink_path: string;
    /** Nothing for the type of the sink. */
    readonly name: string | undefined;
    readonly dead_letter: string | undefined;
    readonly queue: QueueOptions;
}

function check_most(path: string, given: number | undefined, most: number, problems: Problems): void {
    if (given !== undefined && given > most) kinds.whole(1, most).read(given, path, problems);
}

/** Adds to the problems where options of a queue contradict each other. `path`: of their table. Phases: init. */
export function check(queue: QueueOptions, path: string, problems: Problems): void {
    check_most(problem.child(path, "batch_entries"), queue.batch_entries, queue.max_entries, problems);
    check_most(problem.child(path, "batch_bytes"), queue.batch_bytes, queue.max_bytes, problems);
    durable_queue.check(queue, path, problems);
}

/** The size at which a batch is sent: entries, and bytes. */
export function batch_limits(queue: QueueOptions): LuaMultiReturn<[entries: number, bytes: number]> {
    return $multi(
        queue.batch_entries ?? math.min(BATCH_ENTRIES, queue.max_entries),
        queue.batch_bytes ?? math.min(BATCH_BYTES, queue.max_bytes),
    );
}

/** Adds problems for options beside `sink` that belong into it, and the other way round. */
function sorted(given: unknown, path: string, problems: Problems): unknown {
    if (type(given) !== "table") return given;
    const is_of_sink = (name: string): boolean => SCHEMA[name as "name"] === undefined && sinks.have(name);
    const options = take_out(given as object, path, problems, is_of_sink, "it belongs into sink");
    const { sink } = options;
    if (type(sink) !== "table") return options;
    const { type: its_type } = sink as { type?: string };
    const is_of_queue = (name: string): boolean => SCHEMA[name as "name"] !== undefined && !sinks.have(name, its_type);
    options.sink = take_out(sink as object, `${path}.sink`, problems, is_of_queue, "it stands beside sink");
    return options;
}

/** The settings of a queue that is used alone. Raises with all problems. Phases: init. */
export function read_alone(given: unknown, path: string): Settings {
    const problems: Problems = [];
    const options = read(SCHEMA, sorted(given, path, problems), path, problems);
    if (options !== undefined) check(options, path, problems);
    problem.raise(problems);
    const { sink, name, dead_letter } = options!;
    return { path, sink, sink_path: `${path}.sink`, name, dead_letter, queue: options! };
}
