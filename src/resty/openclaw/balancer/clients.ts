/**
 * Who sends an upstream's requests, sampled from good answers. The record is in the common block, so all workers agree. Clients
 * are distinguished by their address (IPv6 by its /64) and `$openclaw_identity`, which a client cannot choose freely.
 */

import * as client_network from "../core/request/client_network";
import * as request from "../core/request/request";
import type { Suspect } from "./outlier_detection";

/** Slots of the common block that a record takes. */
export const SLOTS = 3;

/** The client of the last sample, and its time; the time of the last sample of another client than before. */
const LAST = 0;
const SAMPLED_AT = 1;
const CHANGED_AT = 2;

/** One answer is sampled in so many seconds. */
const SECONDS_BETWEEN_SAMPLES = 0.1;
/** A client counts for so many seconds. */
const RECENT_SECONDS = 60;

/** A number above 0 for a text. Two texts have the same one with a chance of 1 in 4 billion. */
function number_of(text: string): number {
    return 1 + ngx.crc32_short(text);
}

/** A number above 0 for the client of the request at hand. Phases: all with a request. */
export function of_request(): number {
    return number_of(client_network.of_request() + (request.variable("openclaw_identity") ?? ""));
}

/** A number for the content of the request: its URI, and the digest, if there is one, and length of its body. */
function of_content(): number {
    const digest = request.variable("request_body_sha256") ?? request.variable("request_body_md5") ?? "";
    const length = request.variable("content_length") ?? "";
    return number_of(`${request.variable("request_uri") ?? ""} ${length} ${digest}`);
}

/** Whether a moment, 0 for never, was in the last so many seconds. */
function is_recent(moment: number, now: MonotonicTime, seconds: number): boolean {
    // The clock begins when the machine starts, so 0 may be recent.
    return moment !== 0 && now - moment < seconds;
}

/** Records a good answer to the client at hand. Cheap: nearly always a comparison. Phases: header_filter, log. */
export function note(record: Doubles, now: MonotonicTime): void {
    if (is_recent(record.get(SAMPLED_AT), now, SECONDS_BETWEEN_SAMPLES)) return;
    const client = of_request();
    if (record.get(LAST) !== client && record.get(LAST) !== 0) record.set(CHANGED_AT, now);
    record.set(LAST, client);
    record.set(SAMPLED_AT, now);
}

/** Whether another client than this one was answered well in the last minute. Phases: any. */
export function has_other_clients(record: Doubles, now: MonotonicTime, client: number): boolean {
    if (is_recent(record.get(CHANGED_AT), now, RECENT_SECONDS)) return true;
    const last = record.get(LAST);
    return last !== 0 && last !== client && is_recent(record.get(SAMPLED_AT), now, RECENT_SECONDS);
}

/** The sender of the request at hand, which may be the cause of its failure. Phases: all with a request. */
export function suspect(record: Doubles, now: MonotonicTime): Suspect {
    const client = of_request();
    return { client, request: of_content(), has_other_clients: has_other_clients(record, now, client) };
}
