/** Gives out the answers to jobs, and says of those that have none yet that they wait. */
import * as acceptance from "./acceptance";
import type { Jobs } from "./model";
import * as files from "../core/files/files";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import * as endings from "./delivery/ending";
import * as stores from "./store";
import * as ids from "./store/id";
import * as records from "./store/record";
import type { StoredRecord } from "./store/record";
import * as time_slice from "../core/time/time_slice";

/** What is read and sent at a time, in bytes. */
const PIECE_BYTES = 65536;
const PIECES_AT_A_STRETCH = 8;

function respond(status: number, code: string, message: string): never {
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    return json_error.respond(status, code, message);
}

/** What a file of an answer holds; nothing when there is none that can be read. */
function find(jobs: Jobs, id: string): StoredRecord | undefined {
    const [file] = stores.open(jobs.store, "done", id);
    if (file === undefined) return undefined;
    const [found, err, torn] = records.read(file);
    files.close(file);
    if (found === undefined && torn !== true) jobs.faults.report("store", "cannot read an answer: ", err);
    return found;
}

/** The next bytes of an answer. The file is open no longer than that, lest it stay open when the client goes. */
function read_piece(jobs: Jobs, id: string, from: number, most: number): string | undefined {
    const [file] = stores.open(jobs.store, "done", id);
    if (file === undefined) return undefined;
    const [piece] = records.piece(file, from, most);
    files.close(file);
    return piece;
}

/** Sends the body as fast as the client takes it; breaks off where the file is gone meanwhile. */
function send_body(jobs: Jobs, id: string, found: StoredRecord): never {
    let at = 0;
    let pieces = 0;
    while (at < found.body_bytes) {
        const piece = read_piece(jobs, id, found.body_at + at, math.min(PIECE_BYTES, found.body_bytes - at));
        if (piece === undefined || piece === "") return ngx.exit(ngx.ERROR);
        const [printed] = ngx.print(piece);
        const [flushed] = ngx.flush(true);
        if (printed === undefined || flushed === undefined) return ngx.exit(ngx.ERROR);
        at += piece.length;
        // A client that takes all at once lets nobody else have a turn.
        pieces += 1;
        if (pieces % PIECES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    return ngx.exit(ngx.HTTP_OK);
}

function answer(jobs: Jobs, id: string, found: StoredRecord): never {
    const { head } = found;
    const headers = (type(head.headers) === "table" ? head.headers : {}) as Record<string, unknown>;
    for (const name of endings.HEADERS) {
        const value = headers[name];
        if (typeof value === "string") ngx.header[name] = value;
    }
    if (head.status !== undefined) ngx.header["X-OpenClaw-Status"] = tostring(head.status);
    ngx.header["Content-Length"] = found.body_bytes;
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["X-Content-Type-Options"] = "nosniff";
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    ngx.status = endings.status_of(head.error);
    if (ngx.req.get_method() === "HEAD" || found.body_bytes === 0) {
        ngx.print("");
        return ngx.exit(ngx.HTTP_OK);
    }
    return send_body(jobs, id, found);
}

/**
 * Answers for the job of that id, which may be any text: 200 with its answer, 202 while there is none. False when nothing
 * of such a job is here. Phases: content; yields; returns only then.
 */
export function page(jobs: Jobs, id: string): boolean {
    const method = ngx.req.get_method();
    if (method !== "GET" && method !== "HEAD") {
        ngx.header.Allow = "GET, HEAD";
        return respond(405, "method_not_allowed", "This address does not take this method.");
    }
    if (!ids.is_id(id)) return false;
    const found = find(jobs, id);
    if (found !== undefined) return answer(jobs, id, found);
    if (stores.has(jobs.store, "pending", id)) return acceptance.answer_pending(id);
    // It may have been answered between the two looks.
    const late = find(jobs, id);
    if (late !== undefined) return answer(jobs, id, late);
    return false;
}

/**
 * Answers 500 where there is an answer to a job that cannot be read; to be asked when no page had one. Phases: content; returns
 * only where there is none.
 */
export function refuse_unreadable(jobs: Jobs, id: string): void {
    if (!ids.is_id(id) || !stores.has(jobs.store, "done", id)) return;
    respond(500, "answer_unreadable", "The answer is there, but the gateway cannot read it.");
}

/**
 * Answers for a job of which nothing is here: 410 when it is so old that it may have been, 404 when it never was.
 * Phases: content; never returns.
 */
export function miss(jobs: Jobs, id: string): never {
    refuse_unreadable(jobs, id);
    const { max_age_seconds, keep_seconds } = jobs.settings;
    const is_old = ids.is_id(id) && ngx.now() - ids.time_of(id) >= math.min(max_age_seconds, keep_seconds);
    if (is_old) return respond(410, "job_expired", endings.EXPIRED);
    return respond(404, "unknown_job", "There is no such job.");
}
