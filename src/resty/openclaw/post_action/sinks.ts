/** The kinds of sinks: a new one is one file in sinks/ and one line in the table below. */
import * as read from "../options";
import type { Options } from "../options";
import * as file from "./sinks/file";
import * as http from "./sinks/http";
import * as redis_stream from "./sinks/redis_stream";
import * as stream from "./sinks/stream";
import * as syslog from "./sinks/syslog";
import * as udp from "./sinks/udp";

/** Lines of a batch, each with its line end, and how many they are. */
export interface Part {
    readonly text: string;
    readonly entries: number;
}

/**
 * What became of what was sent. "sent": it has arrived. "retry": it has not, but may be sent again; so may what has
 * arrived in part, as entries have ids. "poison": it never will, so that sending it again is of no use. "divide": the
 * same, but perhaps for one entry only, so that parts of it may still arrive.
 */
export type Verdict = "sent" | "retry" | "poison" | "divide";

/**
 * Why what was sent has not arrived, although nothing is wrong with the entries: the sink does not answer, has no time or
 * room, wants other credentials, or says that this is not the place for them.
 */
export type Cause = "unreachable" | "busy" | "credentials" | "misdirected";

/**
 * With the verdict why it is none of "sent", how long the sink asks to be left alone, and, for "retry" and "poison",
 * what the verdict is about where that is not all: the rest has arrived. With "retry" its cause, "unreachable" unless given.
 */
export type Outcome = LuaMultiReturn<
    [
        verdict: Verdict,
        err?: string | undefined,
        retry_after_seconds?: number | undefined,
        concerned?: Part | undefined,
        cause?: Cause | undefined,
    ]
>;

export interface Sink {
    /**
     * Delivers a text of lines, each with its line end, and how many they are. May yield. To be done within
     * `most_seconds`, which is infinite unless the worker exits.
     */
    send(text: string, entries: number, most_seconds: number): Outcome;
}

const SINKS: Record<string, (this: void, owner: string, options: Options) => Sink> = {
    file: file.new,
    http: http.new,
    redis_stream: redis_stream.new,
    syslog: syslog.new,
    tcp: stream.tcp,
    tls: stream.tls,
    udp: udp.new,
    unix: stream.unix,
};

const TYPES = ["file", "http", "redis_stream", "syslog", "tcp", "tls", "udp", "unix"];

/** The sink that the options describe. Phases: init. Raises when they are wrong. */
export function open(owner: string, options: Options): Sink {
    return SINKS[read.one_of(owner, options, "type", TYPES)]!(owner, options);
}

/** The file for what a sink refuses, at `path`. Phases: init. Raises when that is no path. */
export function open_dead_letter(owner: string, path: unknown): Sink {
    return file.at(owner, "dead_letter", path);
}
