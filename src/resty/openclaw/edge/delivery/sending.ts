/** Sends a job through the gateway's own listener, as the request that it was. */
import type { Delivery } from "../model";
import * as http_client from "../../http_client";
import type { Answer, Source } from "../../http_client";
import * as mark from "../jobs/mark";
import type { Head } from "../store/record";

/** What is delivered, as its file says. */
export interface Job {
    readonly id: string;
    readonly head: Head;
    /** When it was sent, by `clock`. */
    readonly began: MonotonicTime;
}

const CONNECT_SECONDS = 5;

/** Ours unless the client gave the request one of its own, which the other end may have seen already. */
const KEY_HEADER = "Idempotency-Key";

function headers_of(job: Job, secret: string): Record<string, string> {
    const headers: Record<string, string> = {};
    headers[KEY_HEADER] = job.id;
    const kept = type(job.head.headers) === "table" ? job.head.headers : {};
    for (const [name, value] of pairs(kept as Record<string, string>)) headers[name] = value;
    // nginx refuses a request for nobody.
    if (headers.Host === "") headers.Host = "localhost";
    headers[mark.HEADER] = secret;
    return headers;
}

/** The answer to one delivery. On failure nil and why. Phases: timers; yields. */
export function send(delivery: Delivery, job: Job, secret: string, body: Source): Result<Answer> {
    const { settings } = delivery.jobs;
    return http_client.request({
        host: settings.host,
        port: settings.port,
        path: tostring(job.head.uri),
        method: tostring(job.head.method),
        headers: headers_of(job, secret),
        body: body.bytes > 0 ? body : "",
        connect_seconds: CONNECT_SECONDS,
        send_seconds: settings.timeout_seconds,
        read_seconds: settings.timeout_seconds,
        total_seconds: settings.timeout_seconds,
        // One more than is kept shows that it is too long.
        max_bytes: settings.max_answer_bytes + 1,
        truncate: true,
        repeatable: false,
    });
}
