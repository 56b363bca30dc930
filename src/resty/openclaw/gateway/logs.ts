/** Reads `log`: what goes to sinks, and what the slow log is made of. */
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import * as read from "../options";
import * as post_action from "../post_action";
import type { PostAction } from "../post_action";

const SINKS = kinds.list_of(
    kinds.of<Record<string, unknown>>("table", "a table", (given) => type(given) === "table"),
);

/** The options of slow_log. */
export interface SlowOptions {
    readonly seconds: number;
    readonly lines_per_minute: number;
}

/** For the slow log; all else there is for the sinks. */
const SLOW_OPTIONS = ["slow_seconds", "slow_lines_per_minute"];

function is_slow_option(name: unknown): boolean {
    return typeof name === "string" && string.sub(name, 1, 5) === "slow_";
}

/** Where `log` does not say. */
export const DEFAULT_SLOW: SlowOptions = { seconds: 5, lines_per_minute: 600 };

/** `log` as it is given: a table, or nothing. */
function table_in(log: unknown): read.Options | undefined {
    return read.group("setup", { log }, "log");
}

/** What the slow logs of all routes are made of. Raises when an option is wrong. Phases: init. */
export function slow_options(log: unknown): SlowOptions {
    const given: Record<string, unknown> = {};
    for (const [name, value] of pairs(table_in(log) ?? {})) {
        if (is_slow_option(name)) given[name] = value;
    }
    const slow = read.check("setup: log", given, SLOW_OPTIONS);
    return {
        seconds: read.positive("setup: log", slow, "slow_seconds", 5),
        lines_per_minute: read.whole("setup: log", slow, "slow_lines_per_minute", 1, 600),
    };
}

/** What `log` says of the sinks; nothing when it speaks of the slow log only. */
function about_sinks(log: unknown): read.Options | undefined {
    const given = table_in(log);
    if (given === undefined) return undefined;
    const about: Record<string, unknown> = {};
    let others = 0;
    let slow = 0;
    for (const [name, value] of pairs(given)) {
        if (is_slow_option(name)) {
            slow += 1;
        } else {
            about[name] = value;
            others += 1;
        }
    }
    return others === 0 && slow > 0 ? undefined : about;
}

/** A list of tables. A variable that does not exist leaves a hole in it. */
function sinks_in(given: read.Options): Record<string, unknown>[] {
    const problems: problem.Problems = [];
    const sinks = SINKS.read(given.sinks, "setup: log.sinks", problems);
    problem.raise(problems);
    return sinks;
}

/**
 * One queue for each sink: what stands beside `sinks` holds for all of them. Raises when an option is wrong. Phases: init.
 */
export function make_sinks(log: unknown): PostAction[] {
    const logs: PostAction[] = [];
    const given = about_sinks(log);
    if (given === undefined) return logs;
    if (given.sink !== undefined) error('setup: log: unknown option "sink"; did you mean "sinks"?', 0);
    for (const entry of sinks_in(given)) {
        const sink: Record<string, unknown> = {};
        const queue: Record<string, unknown> = { sink };
        for (const [name, value] of pairs(given)) {
            if (name !== "sinks") queue[name] = value;
        }
        for (const [name, value] of pairs(entry)) {
            if (name === "name" || name === "dead_letter") queue[name] = value;
            else sink[name] = value;
        }
        logs.push(post_action.new(queue));
    }
    return logs;
}
