/**
 * Reads from a socket with limits. A socket's own timeout restarts with every byte, and its own line reader accepts lines of any
 * length. Here one deadline ends all reads, and every line has a maximum length.
 */
import * as clock from "../core/time/clock";

export interface Reader {
    readonly socket: ngx.Tcp;
    /** Maximum time without a byte, in milliseconds. */
    readonly read_ms: number;
    /** The deadline of all reads, by `clock`. */
    readonly deadline: MonotonicTime;
    /** Received bytes; those from `at` on are unread. */
    text: string;
    at: number;
    /** Whether any byte was received. */
    began: boolean;
}

/** The pieces of a body, in order: kept, or given away at once. */
export interface Pieces {
    readonly list: string[];
    /** Gets each piece, in place of the list. Returns why no more is wanted, or nothing. */
    readonly take: ((this: void, piece: string) => string | undefined) | undefined;
}

/** Maximum number of bytes of one read. */
const PIECE_BYTES = 65536;

/** A reader at the start of a response. Phases: those that may yield. */
function create(socket: ngx.Tcp, read_ms: number, deadline: MonotonicTime): Reader {
    return { socket, read_ms, deadline, text: "", at: 1, began: false };
}
export { create as new };

/** Receives at most `most` bytes. On failure nil and "closed", "timeout" or the system's error. */
export function receive(reader: Reader, most: number): Result<string> {
    const left = math.floor((reader.deadline - clock.now()) * 1000);
    if (left < 1) return $multi(undefined, "timeout");
    reader.socket.settimeout(math.min(left, reader.read_ms));
    const [piece, err] = reader.socket.receiveany(math.min(most, PIECE_BYTES));
    if (piece === undefined) return $multi(undefined, err);
    reader.began = true;
    return $multi(piece);
}

/** Number of bytes that were received but not read yet. */
export function unread(reader: Reader): number {
    return reader.text.length - reader.at + 1;
}

/**
 * The next line without its end, LF or CR LF. Nil and why if it is longer than `most` bytes or is not received.
 */
export function line(reader: Reader, most: number): Result<string> {
    let [end] = string.find(reader.text, "\n", reader.at, true);
    while (end === undefined) {
        const held = unread(reader);
        if (held > most) return $multi(undefined, "a line is too long");
        const [piece, err] = receive(reader, PIECE_BYTES);
        if (piece === undefined) return $multi(undefined, err);
        reader.text = string.sub(reader.text, reader.at) + piece;
        reader.at = 1;
        [end] = string.find(reader.text, "\n", held + 1, true);
    }
    if (end - reader.at > most) return $multi(undefined, "a line is too long");
    let last = end - 1;
    if (last >= reader.at && string.byte(reader.text, last) === 13) last -= 1;
    const found = string.sub(reader.text, reader.at, last);
    reader.at = end + 1;
    return $multi(found);
}

/** Adds a piece. Returns why no more is wanted, or nothing. */
export function add(pieces: Pieces, piece: string): string | undefined {
    if (pieces.take !== undefined) return pieces.take(piece);
    pieces.list.push(piece);
    return undefined;
}

/** Adds exactly `count` bytes to the pieces. Nil and why if they are not received. */
export function bytes(reader: Reader, count: number, pieces: Pieces): Result<true> {
    let missing = count;
    const held = math.min(unread(reader), missing);
    if (held > 0) {
        const piece = string.sub(reader.text, reader.at, reader.at + held - 1);
        reader.at += held;
        missing -= held;
        const reason = add(pieces, piece);
        if (reason !== undefined) return $multi(undefined, reason);
    }
    while (missing > 0) {
        const [piece, err] = receive(reader, missing);
        if (piece === undefined) return $multi(undefined, err);
        missing -= piece.length;
        const reason = add(pieces, piece);
        if (reason !== undefined) return $multi(undefined, reason);
    }
    return $multi(true);
}
