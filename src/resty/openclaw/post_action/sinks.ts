/** The kinds of sinks: a new one is one file in sinks/ and one line in the table below. */
import * as read from "../options";
import type { Options } from "../options";
import * as file from "./sinks/file";
import * as http from "./sinks/http";

/**
 * What became of a batch: it has arrived; it has not, but may be sent again; or it never will, so that sending it
 * again is of no use. A batch that has arrived in part may be sent again, too: entries have ids.
 */
export type Verdict = "sent" | "retry" | "poison";

/** With the verdict why it is none of "sent", and how long the sink asks to be left alone. */
export type Outcome = LuaMultiReturn<
    [verdict: Verdict, err?: string | undefined, retry_after_seconds?: number | undefined]
>;

export interface Sink {
    /**
     * Delivers a batch: a text of lines, each with its line end, and how many they are. May yield. To be done within
     * `most_seconds`, which is infinite unless the worker exits.
     */
    send(text: string, entries: number, most_seconds: number): Outcome;
}

const SINKS: Record<string, (this: void, owner: string, options: Options) => Sink> = {
    file: file.new,
    http: http.new,
};

/** The sink that the options describe. Phases: init. Raises when they are wrong. */
export function open(owner: string, options: Options): Sink {
    const type = read.one_of(owner, options, "type", ["file", "http"]);
    return SINKS[type]!(owner, options);
}
