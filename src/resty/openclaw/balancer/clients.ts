/**
 * Who sends an upstream's requests: looked at now and then in answers that went well, and at each failure. It stands in the
 * common block, so that all workers agree. Clients are told apart by address (IPv6 by its /64) and by
 * `$openclaw_identity`: what a client may choose for itself does not count.
 */
import * as client_network from "../core/request/client_network";
import * as request from "../core/request/request";
import type { Suspect } from "./ejection";

/** Slots of the common block that a record takes. */
export const SLOTS = 3;

/** The client of the last answer that was looked at, and when; and when that was another one than before. */
const LAST = 0;
const LOOKED_AT = 1;
const CHANGED_AT = 2;

/** Answers are looked at once in so many seconds. */
const SECONDS_BETWEEN_LOOKS = 0.1;
/** Who was there so many seconds ago still counts. */
const SEEN_SECONDS = 60;

/** A number above 0 for a text; two texts may have the same one, once in four thousand million. */
function number_of(text: string): number {
    return 1 + ngx.crc32_short(text);
}

/** A number above 0 for the client of the request at hand. Phases: all with a request. */
export function of_request(): number {
    return number_of(client_network.of_request() + (request.variable("openclaw_identity") ?? ""));
}

/** A number for what it asks; the body counts by its digest, where there is one, and by its length. */
function of_content(): number {
    const digest = request.variable("request_body_sha256") ?? request.variable("request_body_md5") ?? "";
    const length = request.variable("content_length") ?? "";
    return number_of(`${request.variable("request_uri") ?? ""} ${length} ${digest}`);
}

/** Notes whose a good answer is. Cheap: nearly always a comparison. Phases: header_filter, log. */
export function note(record: Doubles, now: number): void {
    if (math.abs(now - record.get(LOOKED_AT)) < SECONDS_BETWEEN_LOOKS) return;
    const client = of_request();
    if (record.get(LAST) !== client && record.get(LAST) !== 0) record.set(CHANGED_AT, now);
    record.set(LAST, client);
    record.set(LOOKED_AT, now);
}

/** Whether another client than this one was answered well lately. Phases: any. */
export function has_company(record: Doubles, now: number, client: number): boolean {
    if (math.abs(now - record.get(CHANGED_AT)) < SEEN_SECONDS) return true;
    const last = record.get(LAST);
    return last !== 0 && last !== client && math.abs(now - record.get(LOOKED_AT)) < SEEN_SECONDS;
}

/** Whom to suspect of a failure of the request at hand. Phases: all with a request. */
export function suspect(record: Doubles, now: number): Suspect {
    const client = of_request();
    return { client, request: of_content(), has_company: has_company(record, now, client) };
}
