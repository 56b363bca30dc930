/** The page of a job, where a client fetches the response: `/openclaw/jobs/ID`. */
import * as files from "../core/files/files";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import * as time_slice from "../core/time/time_slice";
import * as endings from "./ending";
import type { Jobs } from "./jobs";
import * as stores from "./store";
import * as ids from "./store/id";
import type { StoredRecord } from "./store/record";
import * as records from "./store/record";

/** The path of the page; the id follows. */
export const PREFIX = "/openclaw/jobs/";
/** A client that waits for a response may ask again after so many seconds. */
export const RETRY_SECONDS = 5;

/** What is read and sent at once, in bytes. */
const PIECE_BYTES = 65536;
const PIECES_AT_A_STRETCH = 8;

/** Responds with an error. Phases: content; never returns. */
export function respond_error(status: number, code: string, message: string, retry_after?: number): never {
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    return json_error.respond(status, code, message, retry_after);
}

/** The stored response to a job; nothing when there is none, or none that can be read. */
function find(jobs: Jobs, id: string): StoredRecord | undefined {
    const [file] = stores.open(jobs.store, "done", id);
    if (file === undefined) return undefined;
    const [found, err, torn] = records.read(file);
    files.close(file);
    if (found === undefined && torn !== true) jobs.faults.report("store", "cannot read a response: ", err);
    return found;
}

/** Some bytes of a response. The file is open during this call only, so that it does not stay open when the client leaves. */
function read_piece(jobs: Jobs, id: string, from: number, most: number): string | undefined {
    const [file] = stores.open(jobs.store, "done", id);
    if (file === undefined) return undefined;
    const [piece] = records.piece(file, from, most);
    files.close(file);
    return piece;
}

/** Sends the body as fast as the client reads it; closes the connection if the file is removed meanwhile. */
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
        // For a client that reads fast nothing above lets others have their turn.
        pieces += 1;
        if (pieces % PIECES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    return ngx.exit(ngx.HTTP_OK);
}

function send_response(jobs: Jobs, id: string, found: StoredRecord): never {
    const { head } = found;
    const headers = records.headers_of(head);
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

/** Responds 202, as the job waits. Phases: content; never returns. */
export function respond_pending(id: string): never {
    const location = PREFIX + id;
    const body = string.format('{"id":"%s","status":"pending","location":"%s"}\n', id, location);
    ngx.status = 202;
    ngx.header["Content-Type"] = "application/json";
    ngx.header["Content-Length"] = body.length;
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["Retry-After"] = RETRY_SECONDS;
    ngx.header.Location = location;
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    ngx.print(body);
    return ngx.exit(ngx.HTTP_OK);
}

/**
 * Responds for the job of that id, which may be any text: with the response to it, or 202 while there is none. False when the
 * store has nothing of such a job. Phases: content; yields; returns only then.
 */
export function respond_if_found(jobs: Jobs, id: string): boolean {
    const method = ngx.req.get_method();
    if (method !== "GET" && method !== "HEAD") {
        ngx.header.Allow = "GET, HEAD";
        return respond_error(405, "method_not_allowed", "This URL only allows GET and HEAD.");
    }
    if (!ids.is_id(id)) return false;
    const found = find(jobs, id);
    if (found !== undefined) return send_response(jobs, id, found);
    if (stores.has(jobs.store, "pending", id)) return respond_pending(id);
    // Its response may have been stored between the two looks.
    const late = find(jobs, id);
    if (late !== undefined) return send_response(jobs, id, late);
    return false;
}

/**
 * Responds 500 if there is a response to a job that cannot be read; to be called after `respond_if_found`. Phases: content; returns
 * only when there is none.
 */
export function refuse_unreadable(jobs: Jobs, id: string): void {
    if (!ids.is_id(id) || !stores.has(jobs.store, "done", id)) return;
    respond_error(500, "answer_unreadable", "The response is stored, but the gateway cannot read it.");
}

/**
 * Responds for a job of which nothing is stored: 410 when it is so old that it may have expired, else 404. Phases: content; never
 * returns.
 */
export function respond_missing(jobs: Jobs, id: string): never {
    refuse_unreadable(jobs, id);
    const { max_age_seconds, keep_seconds } = jobs.settings;
    const is_old = ids.is_id(id) && request.now() - ids.time_of(id) >= math.min(max_age_seconds, keep_seconds);
    if (is_old) return respond_error(410, "job_expired", endings.EXPIRED);
    return respond_error(404, "unknown_job", "There is no such job.");
}
