/** What a sink is to those that send to it. */

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
