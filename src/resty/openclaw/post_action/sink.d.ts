/** The interface of sinks. */

/** Lines of a batch in one string, each with its line end, and their number. */
export interface Part {
    readonly text: string;
    readonly entries: number;
}

/**
 * The result of sending a part. "sent": it was delivered. "retry": it was not, or not as a whole, and is to be sent again; receivers know
 * duplicates by their ids. "poison": it will never be accepted, so it is not sent again. "split": it was refused, perhaps because of a
 * single entry, so it is to be sent in two halves.
 */
export type Verdict = "sent" | "retry" | "poison" | "split";

/**
 * Why entries that are valid were not delivered: the sink does not answer, is overloaded or full, refuses the credentials, or does not
 * accept entries at this address.
 */
export type Cause = "unreachable" | "busy" | "credentials" | "misdirected";

/**
 * The verdict; unless it is "sent", the error; how long the sink asks to wait before the next attempt; with "retry" and "poison", the
 * part that it is about where that is not all of it: the rest was delivered. With "retry" its cause, "unreachable" unless given.
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
     * Delivers lines in one string, each with its line end. `entries`: their number. May yield. Has to be done within
     * `most_seconds`, which is infinite unless the worker exits.
     */
    send(text: string, entries: number, most_seconds: number): Outcome;
}
