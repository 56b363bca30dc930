/**
 * Runs conversions in helper processes, one for each place, so that a crash of a library ends nothing but a helper. A helper is started when
 * the place has none, serves all workers, and is killed when a conversion takes too long.
 */
import * as ffi from "ffi";
import * as files from "../core/files/files";
import * as c_memory from "../core/memory/c_memory";
import type { Region } from "../core/memory/shared_memory";
import type { Faults } from "../core/metrics/fault";
import type { Slice } from "../core/time/time_slice";
import * as time_slice from "../core/time/time_slice";
import type { Answer, Order } from "./conversion/model";
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
/** No answer has more. */
const MOST_ANSWER_BYTES = 1024 * 1024 * 1024;
const CONNECT_SECONDS = 5;
const TIMEOUT = "timeout";
const CRASHED = "The image cannot be converted.";
const piece = ffi.new("uint8_t[?]", PIECE_BYTES) as unknown as Bytes;

/** The folder of the sockets, which all workers of a configuration share. On failure nil and why. */
function folder_of({ region }: Helpers): Result<string> {
    const key = `image folder ${region.configuration}`;
    const [known] = region.names.get<string>(key);
    if (known !== undefined && !files.is_gone(known)) return $multi(known);
    const [made, err] = spawning.make_folder();
    if (made === undefined) return $multi(undefined, err);
    if (known !== undefined) region.names.delete(key);
    const [is_mine] = region.names.safe_add(key, made);
    if (is_mine === true) return $multi(made);
    files.remove_folder(made);
    const [winner] = region.names.get<string>(key);
    if (winner === undefined) return $multi(undefined, "the lua_shared_dict is full");
    return $multi(winner);
}

/** A connection to the helper of a place, which is started if there is none. On failure nil and why. */
function connect(helpers: Helpers, folder: string, path: string): Result<ngx.Tcp> {
    const socket = ngx.socket.tcp();
    socket.settimeouts(CONNECT_SECONDS * 1000, helpers.seconds * 1000, helpers.seconds * 1000);
    if (!files.is_gone(path)) {
        const [is_connected] = socket.connect(`unix:${path}`);
        if (is_connected !== undefined) return $multi(socket);
    }
    const problem = spawning.spawn(path, folder);
    if (problem !== undefined) return $multi(undefined, problem);
    const [is_connected, err] = socket.connect(`unix:${path}`);
    if (is_connected === undefined) return $multi(undefined, err);
    return $multi(socket);
}

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
function send_order(socket: ngx.Tcp, order: Order): string | undefined {
    const { plan, bytes, content_type, memory, file } = order;
    const fetched: { address: string; bytes: number }[] = [];
    for (const image of order.fetched ?? []) fetched.push({ address: image.address, bytes: image.bytes });
    const [sent, err] = socket.send(
        protocol.message({ plan, bytes, content_type, fetched: fetched.length > 0 ? fetched : undefined }),
    );
    if (sent === undefined) return err;
    let problem = memory !== undefined ? send_memory(socket, memory, bytes) : send_file(socket, file!, bytes);
    for (const image of order.fetched ?? []) problem ??= send_memory(socket, image.memory, image.bytes);
    return problem;
}

/** Reads the bytes of the answer. On failure nil and why. */
function receive_bytes(socket: ngx.Tcp, bytes: number): Result<number> {
    const memory = bytes > MOST_ANSWER_BYTES ? undefined : c_memory.allocate(bytes);
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

function with_memory(answer: Answer, memory: number): Answer {
    const { bytes, content_type, query, images, hash, rest, seconds } = answer;
    return { memory, bytes, content_type, query, images, hash, rest, seconds } as Answer;
}

function receive_answer(socket: ngx.Tcp): Result<Answer> {
    const [text, err] = receive_text(socket);
    if (text === undefined) return $multi(undefined, err);
    const answer = protocol.read(text) as Answer | undefined;
    if (answer === undefined) return $multi(undefined, "its answer is none");
    if (answer.memory === undefined) return $multi(answer);
    const [memory, bytes_err] = receive_bytes(socket, tonumber(answer.bytes) ?? 0);
    if (memory === undefined) return $multi(undefined, bytes_err);
    return $multi(with_memory(answer, memory));
}

function ask(
    socket: ngx.Tcp,
    order: Order,
): LuaMultiReturn<[answer: Answer | undefined, err?: string | undefined, pid?: number | undefined]> {
    const [pid, pid_err] = receive_text(socket);
    if (pid === undefined) return $multi(undefined, pid_err);
    const problem = send_order(socket, order);
    if (problem !== undefined) return $multi(undefined, problem, tonumber(pid));
    const [answer, err] = receive_answer(socket);
    if (answer === undefined) return $multi(undefined, err, tonumber(pid));
    return $multi(answer);
}

/** Runs a conversion in the helper of that place. Phases: timer; yields. Never raises. */
export function run(helpers: Helpers, place: Place, order: Order): Answer {
    const { route, faults } = helpers;
    const [folder, folder_err] = folder_of(helpers);
    if (folder === undefined) return { problem: "no_helper", message: "", detail: folder_err };
    const [name] = string.gsub(place.key, "[^%w]", "_");
    const path = `${folder}/${name}`;
    const [socket, err] = connect(helpers, folder, path);
    if (socket === undefined) return { problem: "no_helper", message: "", detail: err };
    const [answer, ask_err, pid] = ask(socket, order);
    socket.close();
    if (answer !== undefined) return answer;
    // It hangs, or has died.
    if (ask_err === TIMEOUT && pid !== undefined && pid > 1) spawning.kill(pid);
    files.remove(path);
    faults.report("helper", `route "${route}": the helper process that converted an image has been lost: `, ask_err);
    return { problem: "broken_image", message: CRASHED };
}
