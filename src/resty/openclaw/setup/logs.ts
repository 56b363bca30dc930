/** Reads `log`: what goes to sinks, and what the slow log is made of. */
import * as read from "../options";
import * as post_action from "../post_action";
import type { PostAction } from "../post_action";
import { list_of_tables } from "./groups";

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

/** What the slow logs of all routes are made of. Raises when an option is wrong. Phases: init. */
export function read_slow(options: read.Options): SlowOptions {
    const given: Record<string, unknown> = {};
    for (const [name, value] of pairs(read.group("setup", options, "log") ?? {})) {
        if (is_slow_option(name)) given[name] = value;
    }
    const slow = read.check("setup: log", given, SLOW_OPTIONS);
    return {
        seconds: read.positive("setup: log", slow, "slow_seconds", 5),
        lines_per_minute: read.whole("setup: log", slow, "slow_lines_per_minute", 1, 600),
    };
}

/** What `log` says of the sinks; nothing when it speaks of the slow log only. */
function about_sinks(options: read.Options): read.Options | undefined {
    const given = read.group("setup", options, "log");
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

/**
 * One queue for each sink: what stands beside `sinks` holds for all of them. Raises when an option is wrong. Phases: init.
 */
export function read_sinks(options: read.Options): PostAction[] {
    const logs: PostAction[] = [];
    const given = about_sinks(options);
    if (given === undefined) return logs;
    if (given.sink !== undefined) error('setup: log: unknown option "sink"; did you mean "sinks"?', 0);
    for (const entry of list_of_tables("setup: log", given, "sinks")) {
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
