/**
 * The whole request body, wherever nginx keeps it: in memory, in one buffer or several, or in a temporary file. At
 * most 64 KiB of it are held at a time, and other requests get their turn in between.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import type { File } from "../files/files";
import * as files from "../files/files";
import * as open_files from "../files/open_files";
import * as warm_memory from "../memory/warm_memory";
import type { Slice } from "../time/time_slice";
import * as time_slice from "../time/time_slice";
import * as client_watch from "./client_watch";
import * as request from "./request";
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** The file that its body is in, where this module had the body read: no other file ever gets that name. */
        body_file?: string | undefined;
    }
}

ffi.cdef("uintptr_t ngx_hash_key(const unsigned char *data, size_t bytes);");
ffi.cdef("void *ngx_http_get_variable(ngx_http_request_t *request, ngx_str_t *name, uintptr_t key);");
ffi.cdef(
    "int ngx_http_lua_ffi_var_get(ngx_http_request_t *request, const char *name, size_t name_bytes, char *lower_case, int capture, char **value, size_t *value_bytes, char **err);",
);

/** Where the body of one request is. Holds until somebody replaces that body. */
export interface Body {
    /** How many bytes it has. */
    readonly bytes: number;
    /** The file it is in; nothing when it is in memory. */
    readonly file?: string;
    /** Where it is in memory. */
    readonly memory?: Bytes;
    /** Keeps a copy in memory from being collected. */
    readonly copy?: string;
}

/** Takes the next bytes of a body; they are gone when it returns. Must not yield. */
export type Visit<State> = (this: void, state: State, bytes: Bytes, count: number) => void;

/** What is read, and visited, at a time. */
const PIECE_BYTES = 64 * 1024;
/** What is visited before other requests get their turn: under 2 ms at 300 MB/s. */
const SLICE_BYTES = 512 * 1024;

/** For nginx's copy of a body in memory with so many bytes, memory is prepared; a shorter one takes under a millisecond. */
const COPY_BYTES = 1024 * 1024;

const NGX_OK = 0;

const VARIABLE = "request_body";
const lower_case = ffi.new("char[?]", VARIABLE.length);
const value = ffi.new("char *[1]") as unknown as LuaTable<number, Bytes>;
const value_bytes = ffi.new("size_t[1]") as unknown as Doubles;
const message = ffi.new("char *[1]");

/** One for the worker: never in use over a yield. */
const piece = ffi.new("uint8_t[?]", PIECE_BYTES) as unknown as Bytes;

function of_file(err: string): string {
    return `the body's file: ${err}`;
}

/** Two looks at the variable: where nginx works it out at every look, they are two values. */
function two_looks(this: void): boolean {
    const name = ffi.new("ngx_str_t", { len: VARIABLE.length, data: VARIABLE });
    const key = ffi.C.ngx_hash_key!(VARIABLE, VARIABLE.length);
    const first = ffi.C.ngx_http_get_variable!(get_request(), name, key);
    const second = ffi.C.ngx_http_get_variable!(get_request(), name, key);
    return first !== undefined && first !== second;
}

let always_fresh: boolean | undefined;

/**
 * Whether `$request_body` is worked out at every look. Once nginx.conf names it anywhere, nginx keeps the first value
 * for the whole request, even one from before the body was read or replaced; no such value may be trusted.
 * Source: ngx_http_get_variable in nginx's ngx_http_variables.c.
 */
function is_always_fresh(): boolean {
    if (always_fresh === undefined) {
        const [ok, fresh] = pcall(two_looks);
        always_fresh = ok && fresh === true;
    }
    return always_fresh;
}

/**
 * The body where nginx has it, without a Lua string. nginx hands out its buffer as it is when the body came in one
 * read. Else it has a buffer for each read, and makes one copy that lives as long as the request, at about 0.1 ms for
 * each MB where memory has been prepared, and 0.6 ms where it has not: less than a Lua string takes. Source:
 * ngx_http_variable_request_body in nginx's ngx_http_variables.c.
 */
function in_buffer(announced: string | undefined): Body | undefined {
    if (!is_always_fresh()) return undefined;
    const length = VARIABLE.length;
    const found = ffi.C.ngx_http_lua_ffi_var_get!(
        get_request(),
        VARIABLE,
        length,
        lower_case,
        0,
        value,
        value_bytes,
        message,
    );
    if (found !== NGX_OK) return undefined;
    const bytes = tonumber(value_bytes.get(0))!;
    // A variable's length has 28 bits only, so a second witness is asked.
    if (bytes !== tonumber(announced)) return undefined;
    return { bytes, memory: ffi.cast("const uint8_t *", value.get(0)) };
}

/** The same for a long body: others have their turn before and after what nginx does in one go. */
function in_long_buffer(announced: string | undefined, bytes: number): Body | undefined {
    if (ngx.req.get_body_file() !== undefined) return undefined;
    warm_memory.prepare(bytes);
    const slice = time_slice.begin();
    const body = in_buffer(announced);
    if (time_slice.is_over(slice)) time_slice.yield_now();
    return body;
}

/** The length that the header has now. The variable keeps that of a body that was replaced, once nginx.conf names it anywhere. */
function length_in_header(): number | undefined {
    const [headers] = ngx.req.get_headers(0);
    return tonumber(headers.get("content-length"));
}

/** A copy of a body in memory. */
function in_copy(announced: string | undefined): Result<Body> {
    const copy = ngx.req.get_body_data();
    if (copy !== undefined) {
        // With "proxy_request_buffering off" nginx has what it has not sent on yet.
        if (copy.length !== (tonumber(announced) ?? copy.length) && copy.length !== length_in_header()) {
            return $multi(undefined, "nginx does not have all of the body");
        }
        return $multi({ bytes: copy.length, memory: ffi.cast("const uint8_t *", copy), copy });
    }
    if ((tonumber(announced) ?? 0) > 0) return $multi(undefined, "the body was announced, but nginx does not have it");
    return $multi({ bytes: 0 });
}

function in_file(path: string, announced: string | undefined): Result<Body> {
    const [file, open_err] = files.open(path, "read");
    if (file === undefined) return $multi(undefined, of_file(open_err));
    const [bytes, err] = files.size(file);
    files.close(file);
    if (bytes === undefined) return $multi(undefined, of_file(err));
    // A file that was deleted while nginx has it open may have left its name to another body's.
    if (bytes !== (tonumber(announced) ?? bytes))
        return $multi(undefined, "the body's file has another length than it");
    return $multi({ bytes, file: path });
}

/**
 * Whether the body's file may be opened by its name. ngx_lua has nginx keep the name until the request ends. But what
 * nginx reads for itself (for proxy_pass, say) goes to a file that loses its name at once, which another nginx that shares
 * client_body_temp_path may then give to the body of somebody else. Source: ngx_open_tempfile in nginx's ngx_files.c.
 */
function is_its_own(file: string): boolean {
    return request_state.present()?.body_file === file || open_files.has(file);
}

/** Has nginx read the body; whether it was in a file before. */
function read_body(this: void): boolean {
    const was_in_file = ngx.req.get_body_file() !== undefined;
    ngx.req.read_body();
    return was_in_file;
}

/** Has nginx read the body. Says why it cannot be read, or nothing; then whether it was in a file before. */
function fetch_body(): LuaMultiReturn<[problem: string | undefined, was_in_file: boolean]> {
    // Some versions raise in both functions: 0.10.26 does for HTTP/2 without Content-Length.
    const [ok, result] = pcall(read_body);
    client_watch.go_on(request_state.present());
    return $multi(ok ? undefined : tostring(result), result === true);
}

/** The file that the body is in, if it is in one. Notes whether this module had it read. */
function present_file(was_in_file: boolean): string | undefined {
    const file = ngx.req.get_body_file();
    if (was_in_file || file === undefined) return file;
    const state = request_state.open();
    state.body_file = file;
    if (ngx.get_phase() === "rewrite") state.is_early = true;
    return file;
}

/**
 * Has nginx read the body, so that `read` finds all of it later, after internal redirects too. Ends the request when the
 * client sends what is no body, or one over client_max_body_size. Says why it cannot be read, or nothing. Phases: rewrite,
 * access, content; yields.
 */
export function fetch(): string | undefined {
    const [problem, was_in_file] = fetch_body();
    if (problem === undefined) present_file(was_in_file);
    return problem;
}

/** The same, and says where the body is. On failure nil and why. */
export function read(): Result<Body> {
    const [problem, was_in_file] = fetch_body();
    if (problem !== undefined) return $multi(undefined, problem);
    // Once the body is read nginx knows its length also when the client did not say it.
    const announced = request.variable("content_length");
    const bytes = tonumber(announced) ?? 0;
    const body = bytes < COPY_BYTES ? in_buffer(announced) : in_long_buffer(announced, bytes);
    if (body !== undefined) return $multi(body);
    const file = present_file(was_in_file);
    if (file === undefined) return in_copy(announced);
    if (!is_its_own(file)) return $multi(undefined, "nginx has read the body before, into a file without a name");
    return in_file(file, announced);
}

/** Fills `piece` from an open file. How many bytes, or nil and why. */
function read_piece(file: File, offset: number, most: number): Result<number> {
    const [count, err] = files.read(file, piece, most, offset);
    if (count === undefined) return $multi(undefined, of_file(err));
    if (count === 0) return $multi(undefined, "the body's file is shorter than it was");
    return $multi(count);
}

/** A visit: how far it is, where its slice ends at the latest, and what is visited at a time. */
interface Progress {
    offset: number;
    end: number;
    readonly piece_bytes: number;
    readonly slice: Slice;
}

/** Visits a slice: up to its end, or until its time is over. */
function visit_pieces<State>(
    this: void,
    file: File,
    progress: Progress,
    visit: Visit<State>,
    state: State,
): string | undefined {
    while (progress.offset < progress.end) {
        const { offset, end, piece_bytes } = progress;
        const [count, err] = read_piece(file, offset, math.min(piece_bytes, end - offset));
        if (count === undefined) return err;
        visit(state, piece, count);
        progress.offset = offset + count;
        if (time_slice.is_over(progress.slice)) break;
    }
    return undefined;
}

/** Opens the file for one slice only: no descriptor is open while a request waits, so none is lost when it is killed. */
function visit_file<State>(path: string, progress: Progress, visit: Visit<State>, state: State): string | undefined {
    const [file, open_err] = files.open(path, "read");
    if (file === undefined) return of_file(open_err);
    const [ok, err] = pcall(visit_pieces<State>, file, progress, visit, state);
    files.close(file);
    if (!ok) return tostring(err);
    return err;
}

function visit_memory<State>(memory: Bytes, progress: Progress, visit: Visit<State>, state: State): void {
    while (progress.offset < progress.end) {
        const { offset, end, piece_bytes } = progress;
        const count = math.min(piece_bytes, end - offset);
        visit(state, pointer_add(memory, offset), count);
        progress.offset = offset + count;
        if (time_slice.is_over(progress.slice)) break;
    }
}

/**
 * Visits the whole body in order, in pieces of at most `piece_bytes`, which is 64 KiB at most: smaller ones for visitors that may take
 * milliseconds for that much. Returns how many bytes, or nil and why.
 * Phases: rewrite, access, content; yields after every 512 KiB or a millisecond.
 */
export function each<State>(
    body: Body,
    visit: Visit<State>,
    state: State,
    piece_bytes: number = PIECE_BYTES,
): Result<number> {
    const progress: Progress = {
        offset: 0,
        end: 0,
        piece_bytes: math.min(piece_bytes, PIECE_BYTES),
        slice: time_slice.begin(),
    };
    while (progress.offset < body.bytes) {
        if (progress.offset > 0) {
            time_slice.yield_now();
            time_slice.renew(progress.slice);
        }
        progress.end = math.min(progress.offset + SLICE_BYTES, body.bytes);
        if (body.file !== undefined) {
            const err = visit_file(body.file, progress, visit, state);
            if (err !== undefined) return $multi(undefined, err);
        } else {
            visit_memory(body.memory!, progress, visit, state);
        }
    }
    return $multi(progress.offset);
}

/**
 * The first bytes of the body, at most 64 KiB: fewer where it is shorter. On failure nil and why.
 * Phases: rewrite, access, content; does not yield.
 */
export function first(body: Body, most: number): Result<string> {
    const count = math.min(most, body.bytes, PIECE_BYTES);
    if (count === 0) return $multi("");
    if (body.file === undefined) return $multi(ffi.string(body.memory!, count));
    const [file, open_err] = files.open(body.file, "read");
    if (file === undefined) return $multi(undefined, of_file(open_err));
    const [got, err] = read_piece(file, 0, count);
    files.close(file);
    if (got === undefined) return $multi(undefined, err);
    return $multi(ffi.string(piece, got));
}
