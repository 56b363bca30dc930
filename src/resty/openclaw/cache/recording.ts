/** Records the answer to the leader's request as it passes, for others: live, if it is a stream of events, and whole, if it may be kept. */
import * as ffi from "ffi";
import type { Faults } from "../core/metrics/fault";
import * as client_watch from "../core/request/client_watch";
import * as chunk from "../core/request/response_chunk";
import type { AnswerHead } from "./answer_head";
import * as heads from "./answer_head";
import * as kept_answers from "./kept_answers";
import type { Sending } from "./live_streams";
import * as live_streams from "./live_streams";
import type { Store } from "./store";
import type { StreamEnd } from "./stream_end";
import * as stream_ends from "./stream_end";

const FULL = "the lua_shared_dict of the answers is full";

export interface Recording {
    readonly dict: ngx.SharedDict;
    readonly name: string;
    readonly head: AnswerHead;
    readonly limit: number;
    /** For how many seconds the node allows to keep it. */
    readonly seconds_allowed: number;
    /** Whether nobody but the gateway keeps it, so that it must not end with the leader's client. */
    readonly is_kept: boolean;
    /** Where it is sent to live; nothing for what is no stream. */
    sending: Sending | undefined;
    readonly stream_end: StreamEnd | undefined;
    /** All pieces so far; nothing once they are too long to be kept. */
    pieces: string[] | undefined;
    bytes: number;
    /** Whether the response has ended as it should. */
    is_whole: boolean;
    /** Whether the leader's client has left, so that it gets no more. */
    has_left: boolean;
}

/** Begins to record. Nothing where there is no room. Phases: header_filter. */
function create(
    { dict, limit, faults }: Store,
    name: string,
    head: AnswerHead,
    seconds_allowed: number,
    is_stream: boolean,
    is_kept: boolean,
): Recording | undefined {
    const sending = is_stream ? live_streams.begin(dict, name, limit) : undefined;
    const has_head = !is_stream || kept_answers.keep_head(dict, name, heads.write(head), live_streams.SECONDS);
    if (is_stream && (sending === undefined || !has_head)) {
        faults.report("no_room", FULL);
        return undefined;
    }
    return {
        dict,
        name,
        head,
        limit,
        seconds_allowed,
        is_kept,
        sending,
        stream_end: is_stream ? stream_ends.new() : undefined,
        pieces: [],
        bytes: 0,
        is_whole: false,
        has_left: false,
    };
}
export { create as new };

function send(recording: Recording, piece: string, faults: Faults): void {
    const { sending } = recording;
    if (sending === undefined || live_streams.send(sending, piece)) return;
    faults.report("no_room", FULL);
    live_streams.finish(sending, false);
    recording.sending = undefined;
}

function keep(recording: Recording, piece: string): void {
    const { pieces } = recording;
    if (pieces === undefined) return;
    recording.bytes += piece.length;
    if (recording.bytes > recording.limit) recording.pieces = undefined;
    else pieces.push(piece);
}

/** Whether it may be kept, or others read it. */
function is_for_others({ pieces, sending }: Recording): boolean {
    return pieces !== undefined || (sending !== undefined && live_streams.is_read(sending));
}

/** Takes the next piece of the response. Phases: body_filter. */
export function take(recording: Recording, faults: Faults): void {
    const [memory, bytes] = chunk.look();
    if (memory !== undefined) {
        const piece = ffi.string(memory as unknown as CValue, bytes as unknown as number);
        send(recording, piece, faults);
        keep(recording, piece);
        if (recording.stream_end !== undefined) stream_ends.feed(recording.stream_end, memory, bytes);
    }
    if (chunk.is_last()) recording.is_whole = true;
    if (!recording.is_kept) return;
    // Others read it, or wait for it: nginx must not end it because of this client, to which nothing can be written any more.
    if (!recording.has_left) recording.has_left = client_watch.has_left();
    if (recording.has_left && is_for_others(recording)) chunk.drop();
}

/** Ends the live part. Phases: body_filter, log. */
export function finish(recording: Recording): void {
    const { sending } = recording;
    if (sending === undefined) return;
    recording.sending = undefined;
    live_streams.finish(sending, recording.is_whole);
}

/** The body, if it is whole and not too long; a stream must also have come to its own end. Phases: any. */
export function body_of(recording: Recording): string | undefined {
    const { pieces, stream_end, is_whole } = recording;
    if (!is_whole || pieces === undefined) return undefined;
    if (stream_end !== undefined && !stream_ends.is_complete(stream_end)) return undefined;
    return table.concat(pieces);
}
