/** Reads the option `log`: the sinks of the request records, and the slow log's options. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import { take_out } from "../config/misplaced";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import * as schemas from "../config/schema";
import { joined, option, optional } from "../config/schema";
import type { PostAction } from "../post_action";
import * as post_action from "../post_action";
import * as settings from "../post_action/settings";
import type { SinkOptions } from "../post_action/sinks";
import * as sinks from "../post_action/sinks";

/** The options of slow_log. */
export interface SlowOptions {
    readonly seconds: number;
    readonly lines_per_minute: number;
}

/** The slow log's options if `log` does not set them. */
const DEFAULT_SLOW: SlowOptions = { seconds: 5, lines_per_minute: 600 };

const SLOW_SCHEMA = {
    slow_seconds: option(kinds.positive, DEFAULT_SLOW.seconds, "minimum duration of a slow request, in seconds"),
    slow_lines_per_minute: option(
        kinds.whole(1),
        DEFAULT_SLOW.lines_per_minute,
        "maximum number of lines per minute, over all workers",
    ),
};

/** Options that may be set for all sinks, or in one of them. */
const DEAD_LETTER_SCHEMA = { dead_letter: settings.DEAD_LETTER };

/** The options set for all sinks. */
const COMMON_SCHEMA = joined(joined(DEAD_LETTER_SCHEMA, settings.QUEUE_SCHEMA), SLOW_SCHEMA);

/** Options that do not belong to the sink's type. */
const ENTRY_SCHEMA = joined({ name: settings.NAME }, DEAD_LETTER_SCHEMA);

/** A sink of the list. */
interface Entry {
    readonly sink: SinkOptions;
    readonly name: string | undefined;
    readonly dead_letter: string | undefined;
}

function is_common(name: string): boolean {
    return COMMON_SCHEMA[name as "drop"] !== undefined;
}

function is_of_entry(name: string): boolean {
    return ENTRY_SCHEMA[name as "name"] !== undefined;
}

function read_entry(this: void, given: unknown, path: string, problems: Problems): Entry {
    if (type(given) !== "table") {
        problem.add_no_table(problems, path, "a table", given);
        return given as Entry;
    }
    const own: Record<string, unknown> = {};
    const rest: Record<string, unknown> = {};
    for (const [name, value] of pairs(given as Record<string, unknown>)) {
        if (is_of_entry(name)) own[name] = value;
        else rest[name] = value;
    }
    const its_type = rest.type as string | undefined;
    const is_elsewhere = (name: string): boolean => is_common(name) && !sinks.have(name, its_type);
    const options = take_out(rest, path, problems, is_elsewhere, "it stands beside sinks, in log");
    const read = schemas.read(ENTRY_SCHEMA, own, path, problems);
    return { sink: sinks.SINK.read(options, path, problems), name: read?.name, dead_letter: read?.dead_letter };
}

const ENTRIES = kinds.list_of<Entry>({ name: "table", read: read_entry });

/** A list of sinks. */
const SINKS: Kind<Entry[]> = {
    name: "list of tables",
    read: (given, path, problems) => {
        // A common mistake with one sink: it is not in a list.
        if (type(given) !== "table" || (given as { type?: unknown }).type === undefined) {
            return ENTRIES.read(given, path, problems);
        }
        problems.push(`${path} must be a list: write sinks = { { … } }`);
        return [];
    },
};

const OWN_SCHEMA = {
    sinks: optional(
        SINKS,
        "sinks of the request records: a list of [sinks](post_action.md), each with the options of its type",
    ),
};

/** The options of `log`. */
export const SCHEMA = joined(OWN_SCHEMA, COMMON_SCHEMA);

export type Log = Values<typeof SCHEMA>;

const PATH = "setup: log";

/** Whether the table is about sinks: it is empty, or has an option of their queues. */
function is_about_sinks(given: Record<string, unknown>): boolean {
    for (const [name] of pairs(given)) {
        if (is_common(name) && SLOW_SCHEMA[name as "slow_seconds"] === undefined) return true;
    }
    const [first] = next(given as unknown as LuaTable);
    return first === undefined;
}

/** The option `log` as read; nothing without it. Adds what is wrong to the problems. Phases: init. */
export function read(given: unknown, problems: Problems): Log | undefined {
    if (given === undefined) return undefined;
    if (type(given) !== "table") {
        problem.add_no_table(problems, PATH, "a table", given);
        return undefined;
    }
    const before = problems.length;
    const is_misplaced = (name: string): boolean => !is_common(name) && (is_of_entry(name) || sinks.have(name));
    const options = take_out(given as object, PATH, problems, is_misplaced, "it belongs into a sink");
    if (options.sinks === undefined && is_about_sinks(options)) ENTRIES.read(undefined, `${PATH}.sinks`, problems);
    const log = schemas.read(SCHEMA, options, PATH, problems);
    if (log !== undefined) settings.check(log, PATH, problems);
    return problems.length === before ? log : undefined;
}

/** The options of the slow logs of all routes. Phases: init. */
export function slow_options(log: Log | undefined): SlowOptions {
    if (log === undefined) return DEFAULT_SLOW;
    return { seconds: log.slow_seconds, lines_per_minute: log.slow_lines_per_minute };
}

/**
 * Makes one queue for each sink; the options beside `sinks` apply to all of them. Adds to the problems what the sinks raise.
 * Phases: init.
 */
export function make_sinks(log: Log | undefined, problems: Problems): PostAction[] {
    const logs: PostAction[] = [];
    for (const [place, entry] of ipairs(log?.sinks ?? [])) {
        const path = `${PATH}.sinks[${place}]`;
        const [made, queue] = pcall(post_action.create, {
            path,
            sink: entry.sink,
            sink_path: path,
            name: entry.name,
            dead_letter: entry.dead_letter ?? log!.dead_letter,
            queue: log!,
        });
        if (made) logs.push(queue);
        else problems.push(tostring(queue));
    }
    return logs;
}
