/** Answers requests in the access phase: with what is kept in shared memory, or with a stream while it comes. */
import * as cache_status from "../core/request/cache_status";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import * as time_left from "../core/request/time_left";
import * as clock from "../core/time/clock";
import type { AnswerHead } from "./answer_head";
import * as heads from "./answer_head";
import type { Live } from "./live_streams";
import * as live_streams from "./live_streams";

const HIT = "HIT";
/** The answer to another picture. */
const NEAR = "NEAR";

function show(head: AnswerHead, cache_field: string, status = HIT): void {
    heads.show(head);
    cache_status.note(status);
    ngx.header["Cache-Status"] = cache_field;
    ngx.header.Age = math.max(0, math.floor(request.now() - head.made_at));
}

function send(body: string): never {
    ngx.header["Content-Length"] = body.length;
    ngx.print(body);
    return ngx.exit(ngx.HTTP_OK);
}

/** Sends a kept answer, and ends the request. Phases: access. */
export function send_whole(head: AnswerHead, body: string): never {
    show(head, "openclaw; hit");
    return send(body);
}

/** Sends a kept answer to another picture, whose hash differs in so many bits, and ends the request. Phases: access. */
export function send_near(head: AnswerHead, body: string, distance: number): never {
    show(head, "openclaw; hit; detail=near", NEAR);
    ngx.header["X-OpenClaw-Distance"] = distance;
    return send(body);
}

/** How long a reader waits before it looks itself, in seconds. */
const WAIT_SECONDS = 1;
/** nginx counts in milliseconds: a wait of less would end at once, and time would stand still. */
const LEAST_SECONDS = 0.001;

/** For how many seconds the request may wait for the first piece, 0 or less when it has waited long enough. Ends it after its deadline. */
function patience(latest: MonotonicTime): number {
    const left = time_left.seconds();
    if (left !== undefined && left <= 0) json_error.too_late();
    return math.min(latest - clock.now(), left ?? math.huge);
}

/** Whether nginx keeps all until the end, as it does for HTTP/1.0 without `lua_http10_buffering off`. */
function is_buffered(err: string): boolean {
    const [found] = string.find(err, "buffering", 1, true);
    return found !== undefined;
}

/**
 * Sends a stream as it comes, at the pace of the client, and ends the request. Returns if the stream broke off before anything was sent, or
 * nothing has come until that time: then the request may still be answered otherwise. `keep_looking`: sees to it that the worker takes the
 * pieces. Phases: access; yields.
 */
export function send_live(
    live: Live,
    head: AnswerHead,
    latest: MonotonicTime,
    keep_looking: (this: void) => void,
): void {
    let at = 1;
    while (true) {
        if (at < live.first) break;
        if (live.count >= at) {
            if (at === 1) show(head, "openclaw; fwd=uri-miss; collapsed");
            ngx.print(live_streams.text_from(live, at));
            at = live.count + 1;
            const [ok, err] = ngx.flush(true);
            // Otherwise the client has left.
            if (ok === undefined && !is_buffered(err)) ngx.exit(ngx.ERROR);
        } else if (live.state === live_streams.COMING) {
            const seconds = at === 1 ? patience(latest) : WAIT_SECONDS;
            if (seconds <= 0) return;
            keep_looking();
            live.semaphore.wait(math.max(LEAST_SECONDS, math.min(WAIT_SECONDS, seconds)));
        } else {
            break;
        }
    }
    if (live.state === live_streams.ENDED && at > live.count) {
        if (at === 1) show(head, "openclaw; fwd=uri-miss; collapsed");
        ngx.exit(ngx.HTTP_OK);
    }
    // The client must not take it for a whole one.
    if (ngx.headers_sent) ngx.exit(ngx.ERROR);
}
