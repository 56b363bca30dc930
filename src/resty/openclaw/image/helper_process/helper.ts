/**
 * A helper process: nginx's own program, started with a configuration that only calls `serve`. It converts one body after the other for whoever
 * connects to its socket, which is its standard input, and ends when nobody has for a minute. If a library crashes, nothing but this ends.
 */
import * as ffi from "ffi";
import * as files from "../../core/files/files";
import * as c_memory from "../../core/memory/c_memory";
import * as conversion from "../conversion";
import type { Answer, Order } from "../conversion/model";
import * as priority from "../conversion/priority";
import * as leftovers from "./leftovers";
import * as protocol from "./protocol";

ffi.cdef(`
    struct openclaw_helper_poll { int fd; short events; short revents; };
    int openclaw_helper_poll(struct openclaw_helper_poll *polls, unsigned long count, int milliseconds) __asm__("poll");
    int openclaw_helper_accept(int fd, void *address, void *bytes) __asm__("accept");
    long openclaw_helper_read(int fd, void *memory, size_t count) __asm__("read");
    long openclaw_helper_send(int fd, const void *memory, size_t count, int flags) __asm__("send");
    unsigned int openclaw_helper_alarm(unsigned int seconds) __asm__("alarm");
    int openclaw_helper_parent(void) __asm__("getppid");
`);

const LISTENING = 0;
const FIRST_OTHER = 3;
const POLLIN = 1;
/** It ends when nobody wants it for so long, or for a moment after the worker that has started it has ended. */
const LOOKS = 60;
const LOOK_MS = 1000;
/** An order has to come within this time. And the worker ends this process before it has taken so much longer than it may. */
const SPARE_SECONDS = 60;
const EINTR = 4;
/** MSG_NOSIGNAL */
const NO_SIGNAL = 0x4000;

/** What `cjson` makes of an order. */
interface Sent extends Omit<Order, "memory" | "file" | "fetched"> {
    /** How long the conversion may take. */
    readonly seconds: number;
    readonly fetched?: readonly { readonly address: string; readonly bytes: number }[];
}

/** The worker's connections, which this process has inherited, would otherwise stay open as long as this process. */
function close_inherited(): void {
    const [names] = files.names("/proc/self/fd");
    for (const name of names ?? []) {
        const fd = tonumber(name);
        if (fd !== undefined && fd >= FIRST_OTHER) files.close(fd);
    }
}

/** Reads all of it; false if the other side has gone. */
function read_all(fd: number, memory: Bytes, count: number): boolean {
    let at = 0;
    while (at < count) {
        const got = tonumber(ffi.C.openclaw_helper_read!(fd, pointer_add(memory, at), count - at))!;
        if (got > 0) at += got;
        else if (got === 0 || ffi.errno() !== EINTR) return false;
    }
    return true;
}

function send_all(fd: number, bytes: string | Bytes, count: number): boolean {
    const memory = ffi.cast("const uint8_t *", bytes);
    let at = 0;
    while (at < count) {
        const sent = tonumber(ffi.C.openclaw_helper_send!(fd, pointer_add(memory, at), count - at, NO_SIGNAL))!;
        if (sent > 0) at += sent;
        else if (ffi.errno() !== EINTR) return false;
    }
    return true;
}

function send_text(fd: number, text: string): boolean {
    return send_all(fd, text, text.length);
}

function read_text(fd: number): string | undefined {
    const digits = ffi.new("uint8_t[?]", protocol.LENGTH_DIGITS) as unknown as Bytes;
    if (!read_all(fd, digits, protocol.LENGTH_DIGITS)) return undefined;
    const length = protocol.length_of(ffi.string(digits, protocol.LENGTH_DIGITS));
    if (length === undefined) return undefined;
    const memory = ffi.new("uint8_t[?]", math.max(length, 1)) as unknown as Bytes;
    return read_all(fd, memory, length) ? ffi.string(memory, length) : undefined;
}

/** So many bytes in memory; nothing if they do not come. */
function read_bytes(fd: number, count: number): Bytes | undefined {
    const memory = c_memory.allocate(count);
    return memory !== undefined && read_all(fd, memory, count) ? memory : undefined;
}

function send_answer(fd: number, answer: Answer): void {
    const { memory } = answer;
    if (memory === undefined) {
        send_text(fd, protocol.message(answer));
        return;
    }
    const made = c_memory.take_over(memory);
    if (send_text(fd, protocol.message(answer))) send_all(fd, made, answer.bytes!);
    c_memory.free(made);
}

/** Ends this process after so many seconds, whatever it does then: the worker that would have ended it may be gone. With 0, never. */
function limit_time(seconds: number): void {
    ffi.C.openclaw_helper_alarm!(seconds);
}

function serve_one(fd: number): void {
    send_text(fd, protocol.framed(protocol.GREETING));
    const text = read_text(fd);
    const sent = text === undefined ? undefined : (protocol.read(text) as Sent | undefined);
    if (sent === undefined) return;
    const { plan, bytes, content_type, seconds } = sent;
    limit_time(math.ceil(seconds) + SPARE_SECONDS);
    const memory = read_bytes(fd, bytes);
    if (memory === undefined) return;
    const kept: Bytes[] = [memory];
    const fetched: { address: string; memory: number; bytes: number }[] = [];
    for (const image of sent.fetched ?? []) {
        const its_memory = read_bytes(fd, image.bytes);
        if (its_memory === undefined) return;
        kept.push(its_memory);
        fetched.push({ address: image.address, memory: c_memory.address_of(its_memory), bytes: image.bytes });
    }
    const order: Order = { plan, bytes, memory: c_memory.address_of(memory), content_type, fetched };
    send_answer(fd, conversion.run(order));
    for (const its_memory of kept) c_memory.free(its_memory);
}

/** Waits for somebody to connect; false if nobody does. */
function is_wanted(polls: CValue, parent: unknown): boolean {
    for (const _ of $range(1, LOOKS)) {
        if (ffi.C.openclaw_helper_poll!(polls, 1, LOOK_MS) !== 0) return true;
        if (ffi.C.openclaw_helper_parent!() !== parent) return false;
    }
    return false;
}

/** Serves until nobody wants it any more, and ends the process; its socket and, if it is empty, the folder go with it. Phases: init. */
export function serve(path: string, folder: string): never {
    const parent = ffi.C.openclaw_helper_parent!();
    close_inherited();
    priority.lower();
    const polls = ffi.new("struct openclaw_helper_poll[1]", [{ fd: LISTENING, events: POLLIN }]);
    while (is_wanted(polls, parent)) {
        const fd = ffi.C.openclaw_helper_accept!(LISTENING, undefined, undefined) as number;
        if (fd >= 0) {
            limit_time(SPARE_SECONDS);
            const [ok, err] = pcall(serve_one, fd);
            limit_time(0);
            files.close(fd);
            if (!ok) ngx.log(ngx.ERR, "image: helper: ", err);
        }
    }
    // In this order: once its socket is gone, another helper may be there, with a lock of its own.
    files.remove(leftovers.lock_path(path));
    files.remove(path);
    files.remove_folder(folder);
    return os.exit(0);
}
