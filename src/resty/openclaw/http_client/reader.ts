/**
 * Reads from a socket in bounded steps. A socket's own timeout starts anew with every byte that comes, and its own
 * line reader takes lines of any length; here every read ends by one deadline, and every line has a limit.
 */
import * as clock from "../core/time/clock";

export interface Reader {
    readonly socket: ngx.Tcp;
    /** Longest silence between two reads, in milliseconds. */
    readonly read_ms: number;
    /** When all must be read, by `clock`. */
    readonly deadline: MonotonicTime;
    /** What came and is not taken yet begins at `at` in `text`. */
    text: string;
    at: number;
    /** Whether any byte came at all. */
    began: boolean;
}

/** As much as one read takes at most, in bytes. */
const PIECE_BYTES = 65536;

/** A reader at the start of an answer. Phases: those that may yield. */
function create(socket: ngx.Tcp, read_ms: number, deadline: MonotonicTime): Reader {
    return { socket, read_ms, deadline, text: "", at: 1, began: false };
}
export { create as new };

/** Waits for more, at most `most` bytes of it. Nil and "closed", "timeout" or the system's word when none comes. */
export function receive(reader: Reader, most: number): Result<string> {
    const left = math.floor((reader.deadline - clock.now()) * 1000);
    if (left < 1) return $multi(undefined, "timeout");
    reader.socket.settimeout(math.min(left, reader.read_ms));
    const [piece, err] = reader.socket.receiveany(math.min(most, PIECE_BYTES));
    if (piece === undefined) return $multi(undefined, err);
    reader.began = true;
    return $multi(piece);
}

/** Bytes that came but are not taken yet. */
export function unread(reader: Reader): number {
    return reader.text.length - reader.at + 1;
}

/**
 * The next line without its end, LF or CR LF. Nil and why when it is longer than `most` bytes or does not come.
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

/** Appends exactly `count` bytes to the parts. Nil and why when they do not come. */
export function bytes(reader: Reader, count: number, parts: string[]): Result<true> {
    let missing = count;
    const held = math.min(unread(reader), missing);
    if (held > 0) {
        parts.push(string.sub(reader.text, reader.at, reader.at + held - 1));
        reader.at += held;
        missing -= held;
    }
    while (missing > 0) {
        const [piece, err] = receive(reader, missing);
        if (piece === undefined) return $multi(undefined, err);
        parts.push(piece);
        missing -= piece.length;
    }
    return $multi(true);
}
