/**
 * One command whose reply has a limit. The library takes whatever a server announces, and makes a table as long as a list is said to be.
 * Source: the specification of RESP2.
 */
import type { RedisClient } from "resty.redis";

/** The reply; false and what Redis says against the command; nil and why nothing more can be read from the connection. */
export type Reply = LuaMultiReturn<[reply: unknown, err?: string | undefined]>;

/** Longer lists are no answers to anything that is asked here. */
const MOST_PARTS = 16;
const [LIST, TEXT, NUMBER, STATUS, ERROR] = string.byte("*$:+-", 1, 5);

function read_text(socket: ngx.Tcp, bytes: number | undefined, most_bytes: number): Reply {
    if (bytes === -1) return $multi(ngx.null);
    if (bytes === undefined || !(bytes >= 0 && bytes <= most_bytes)) return $multi(undefined, "its reply is too long");
    const [text, err] = socket.receive(bytes + 2);
    if (text === undefined) return $multi(undefined, err);
    return $multi(string.sub(text, 1, bytes));
}

/** One value that is no list. */
function read_value(socket: ngx.Tcp, line: string, most_bytes: number): Reply {
    const kind = string.byte(line);
    const rest = string.sub(line, 2);
    if (kind === TEXT) return read_text(socket, tonumber(rest), most_bytes);
    if (kind === NUMBER) return $multi(tonumber(rest));
    if (kind === STATUS) return $multi(rest);
    if (kind === ERROR) return $multi(false, rest);
    return $multi(undefined, "its reply is not of Redis");
}

function read_list(socket: ngx.Tcp, count: number | undefined, most_bytes: number): Reply {
    if (count === -1) return $multi(ngx.null);
    if (count === undefined || !(count >= 0 && count <= MOST_PARTS)) return $multi(undefined, "its reply is too long");
    const parts: unknown[] = [];
    for (const _ of $range(1, count)) {
        const [line, line_err] = socket.receive("*l");
        if (line === undefined) return $multi(undefined, line_err);
        const [value, err] = read_value(socket, line, most_bytes);
        if (value === undefined) return $multi(undefined, err ?? "its reply is not of Redis");
        parts.push(value);
    }
    return $multi(parts);
}

/** Sends a command, and reads its reply: a value or a list of values, with texts of no more than `most_bytes`. Phases: those that may yield. */
export function exchange(client: RedisClient, most_bytes: number, command: string, words: readonly string[]): Reply {
    const socket = client._sock;
    const parts = [`*${words.length + 1}\r\n$${command.length}\r\n${command}\r\n`];
    for (const word of words) {
        parts.push(`$${word.length}\r\n`);
        parts.push(word);
        parts.push("\r\n");
    }
    const [sent, send_err] = socket.send(parts);
    if (sent === undefined) return $multi(undefined, send_err);
    const [line, err] = socket.receive("*l");
    if (line === undefined) return $multi(undefined, err);
    if (string.byte(line) === LIST) return read_list(socket, tonumber(string.sub(line, 2)), most_bytes);
    return read_value(socket, line, most_bytes);
}
