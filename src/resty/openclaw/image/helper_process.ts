/**
 * Runs conversions in helper processes, one for each place, so that a crash of a library ends nothing but a helper. A helper is started when
 * the place has none, serves all workers, and is killed when a conversion takes too long.
 */
import * as ffi from "ffi";
import * as files from "../core/files/files";
import * as c_memory from "../core/memory/c_memory";
import type { Region } from "../core/memory/shared_memory";
import type { Faults } from "../core/metrics/fault";
import * as in_time from "../core/time/in_time";
import type { Slice } from "../core/time/time_slice";
import * as time_slice from "../core/time/time_slice";
import type { Answer, Order } from "./conversion/model";
import * as answers from "./helper_process/answer";
import * as notes from "./helper_process/notes";
import * as protocol from "./helper_process/protocol";
import * as spawning from "./helper_process/spawn";
import type { Place } from "./places";

export interface Helpers {
    readonly region: Region;
    readonly route: string;
    readonly seconds: number;
    readonly faults: Faults;
}

/** What is sent and read at a time. */
const PIECE_BYTES = 65536;
/** How long a helper may take to start. */
const START_SECONDS = 5;
/** How long one that has been there may take to greet at least: the machine may be busy. */
const LEAST_GREETING_SECONDS = 1;
/** A greeting that does not come in time. */
const TIMEOUT = "timeout";
/** The helper has ended: nothing is left to kill, and its pid may be another process's. */
const CLOSED = "closed";
const CRASHED = "The image cannot be converted.";
const piece = ffi.new("uint8_t[?]", PIECE_BYTES) as unknown as Bytes;

/** A text that the other side frames. On failure nil and why. */
function receive_text(socket: ngx.Tcp): Result<string> {
    const [digits, err] = socket.receive(protocol.LENGTH_DIGITS);
    if (digits === undefined) return $multi(undefined, err!);
    const length = protocol.length_of(digits);
    if (length === undefined) return $multi(undefined, "its answer is none");
    const [text, text_err] = socket.receive(length);
    if (text === undefined) return $multi(undefined, text_err!);
    return $multi(text);
}

/** Lets others have their turn: sockets do not, as long as the helper keeps up. */
function pause(slice: Slice): void {
    if (!time_slice.is_over(slice)) return;
    time_slice.yield_now();
    time_slice.renew(slice);
}

/** Ends the helper of a place at that path, whatever it does; the place has no helper then. */
function kill({ region }: Helpers, place: Place, path: string): void {
    const pid = notes.pid_of(region, place, path);
    if (pid !== undefined) spawning.kill(pid, path);
    files.remove(path);
}

/** A connection to the helper at a path, once it has greeted, within so many seconds: it is ready then. On failure nil and why. */
function meet({ seconds }: Helpers, path: string, greeting_seconds: number): Result<ngx.Tcp> {
    const socket = ngx.socket.tcp();
    const greeting_ms = greeting_seconds * 1000;
    socket.settimeouts(greeting_ms, greeting_ms, greeting_ms);
    const [is_connected, connect_err] = socket.connect(`unix:${path}`);
    if (is_connected === undefined) return $multi(undefined, connect_err);
    const [greeting, err] = receive_text(socket);
    if (greeting === protocol.GREETING) {
        const most_ms = math.max(START_SECONDS, seconds) * 1000;
        socket.settimeouts(most_ms, most_ms, most_ms);
        return $multi(socket);
    }
    socket.close();
    return $multi(undefined, err ?? "its greeting is none");
}

/** Where helpers listen cannot be used, or no longer. */
type Met = LuaMultiReturn<[socket: ngx.Tcp] | [socket: undefined, err: string | undefined, needs_folder?: boolean]>;

/** Starts a helper, and meets it. On failure nil, why, and whether it is the folder's. */
function start(helpers: Helpers, place: Place, folder: string, path: string): Met {
    const [pid, problem, needs_folder] = spawning.spawn(path, folder);
    if (pid === undefined) return $multi(undefined, problem, needs_folder!);
    notes.note_pid(helpers.region, place, path, pid);
    const [socket, err] = meet(helpers, path, START_SECONDS);
    if (socket !== undefined) return $multi(socket);
    const is_removed = files.is_gone(path);
    if (err !== CLOSED) kill(helpers, place, path);
    return $multi(undefined, `the helper process does not start, and has said why in this log: ${err}`, is_removed);
}

/**
 * A connection to the helper of a place, which is started if there is none. One that ends before it has greeted, as it does after a minute
 * without work, has not seen the order, and is replaced; so is one that does not greet, as it was stopped. On failure as `start`.
 */
function connect(helpers: Helpers, place: Place, folder: string, path: string): Met {
    if (!files.is_gone(path)) {
        // Of the time that the request waits half is left for another one.
        const [socket, err] = meet(helpers, path, math.max(LEAST_GREETING_SECONDS, helpers.seconds / 2));
        if (socket !== undefined) return $multi(socket);
        if (err === TIMEOUT) kill(helpers, place, path);
    }
    return start(helpers, place, folder, path);
}

type Received = answers.Received;

/** What is noted of an order while its helper works on it. */
interface Talk {
    readonly socket: ngx.Tcp;
    readonly seconds: number;
    readonly order: Order;
    answer: Received | undefined;
    err: string | undefined;
}

function send_memory(socket: ngx.Tcp, address: number, bytes: number): string | undefined {
    const memory = c_memory.at(address);
    const slice = time_slice.begin();
    for (const offset of $range(0, bytes - 1, PIECE_BYTES)) {
        const part = ffi.string(pointer_add(memory, offset), math.min(PIECE_BYTES, bytes - offset));
        const [sent, err] = socket.send(part);
        if (sent === undefined) return err;
        pause(slice);
    }
    return undefined;
}

function send_file(socket: ngx.Tcp, file: files.File, bytes: number): string | undefined {
    const slice = time_slice.begin();
    let offset = 0;
    while (offset < bytes) {
        const [count, read_err] = files.read(file, piece, math.min(PIECE_BYTES, bytes - offset), offset);
        if (count === undefined || count === 0) return read_err ?? "the body's file is shorter than it was";
        const [sent, err] = socket.send(ffi.string(piece, count));
        if (sent === undefined) return err;
        offset += count;
        pause(slice);
    }
    return undefined;
}

/** Sends the order. Returns why that failed, if it did. */
function send_order({ socket, seconds, order }: Talk): string | undefined {
    const { plan, bytes, content_type, memory, file } = order;
    const fetched: { address: string; bytes: number }[] = [];
    for (const image of order.fetched ?? []) fetched.push({ address: image.address, bytes: image.bytes });
    const [sent, err] = socket.send(
        protocol.message({ plan, bytes, content_type, seconds, fetched: fetched.length > 0 ? fetched : undefined }),
    );
    if (sent === undefined) return err;
    let problem = memory !== undefined ? send_memory(socket, memory, bytes) : send_file(socket, file!, bytes);
    for (const image of order.fetched ?? []) problem ??= send_memory(socket, image.memory, image.bytes);
    return problem;
}

/** Reads the bytes of the answer. On failure nil and why. */
function receive_bytes(socket: ngx.Tcp, bytes: number): Result<number> {
    const memory = c_memory.allocate(bytes);
    if (memory === undefined) return $multi(undefined, "there is no memory for its answer");
    const slice = time_slice.begin();
    let at = 0;
    while (at < bytes) {
        const [part, err] = socket.receive(math.min(PIECE_BYTES, bytes - at));
        if (part === undefined) return $multi(undefined, err!);
        ffi.copy(pointer_add(memory, at), part, part.length);
        at += part.length;
        pause(slice);
    }
    return $multi(c_memory.hand_over(memory));
}

function receive_answer({ socket, order }: Talk): Result<Received> {
    const [text, err] = receive_text(socket);
    if (text === undefined) return $multi(undefined, err);
    const answer = answers.read(text, order.plan);
    if (answer === undefined) return $multi(undefined, "its answer is none");
    const { bytes } = answer;
    if (bytes === undefined) return $multi(answer);
    const [memory, bytes_err] = receive_bytes(socket, bytes);
    if (memory === undefined) return $multi(undefined, bytes_err);
    answer.memory = memory;
    return $multi(answer);
}

function ask(this: void, talk: Talk): void {
    talk.err = send_order(talk);
    if (talk.err === undefined) [talk.answer, talk.err] = receive_answer(talk);
}

/** Gives the order to the helper. On failure nil and why. */
function have_converted({ seconds }: Helpers, socket: ngx.Tcp, order: Order): Result<Answer> {
    const talk: Talk = { socket, seconds, order, answer: undefined, err: undefined };
    const [is_done, err] = in_time.run(seconds, ask, talk);
    socket.close();
    if (is_done === undefined) return $multi(undefined, err);
    if (talk.answer === undefined) return $multi(undefined, talk.err!);
    return $multi(talk.answer);
}

/** A connection to the helper of a place, and where it listens. On failure nil and why. */
function reach(
    helpers: Helpers,
    place: Place,
    is_last_attempt: boolean,
): LuaMultiReturn<[socket: ngx.Tcp, path: string] | [socket: undefined, err: string | undefined]> {
    const [folder, err] = notes.folder_of(helpers.region);
    if (folder === undefined) return $multi(undefined, err);
    const [name] = string.gsub(place.key, "[^%w]", "_");
    const path = `${folder}/${name}`;
    const [socket, connect_err, needs_folder] = connect(helpers, place, folder, path);
    if (socket !== undefined) return $multi(socket, path);
    if (needs_folder !== true || is_last_attempt) return $multi(undefined, connect_err);
    // A helper that ended has taken it along, or its disk has become read-only.
    notes.forget_folder(helpers.region, folder);
    return reach(helpers, place, true);
}

/** Runs a conversion in the helper of that place. Phases: timer; yields. Never raises. */
export function run(helpers: Helpers, place: Place, order: Order): Answer {
    const { route, faults } = helpers;
    const [socket, path_or_err] = reach(helpers, place, false);
    if (socket === undefined) return { problem: "no_helper", message: "", detail: path_or_err };
    const path = path_or_err!;
    const [answer, err] = have_converted(helpers, socket, order);
    if (answer !== undefined) return answer;
    // It hangs, has died, or does not know what it says.
    if (err === CLOSED) files.remove(path);
    else kill(helpers, place, path);
    faults.report("helper", `route "${route}": the helper process that converted an image has been lost: `, err);
    return { problem: "broken_image", message: CRASHED };
}
