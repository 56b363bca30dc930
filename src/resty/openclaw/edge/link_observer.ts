/** Learns whether a link works from nginx's variables on the attempts of the present request. */
import * as request from "../core/request/request";
import * as time_left from "../core/request/time_left";
import * as upstream_tries from "../core/request/upstream_tries";
import * as clock from "../core/time/clock";
import type { Link } from "./link";
import * as links from "./link";

/** Seconds since the last attempt began; since the request began when nginx does not know. */
function seconds_since_attempt(): number {
    const seconds = request.last_seconds("upstream_response_time");
    return seconds ?? request.seconds_taken();
}

/** Whether the last attempt of the present request was connected. Phases: content, log. */
export function was_reached(): boolean {
    return request.last_seconds("upstream_connect_time") !== undefined;
}

/** As `learn`, for all other cases than one attempt with a response. */
function learn_from_failure(link: Link, is_live: boolean): void {
    const address = request.variable("upstream_addr");
    // No attempt was made, as the balancer declined.
    if (address === undefined || upstream_tries.last(address) === "") return;
    const header_times = request.variable("upstream_header_time") ?? "";
    if (string.find(header_times, "%d")[0] !== undefined) {
        links.answered(link, later(clock.now(), -seconds_since_attempt()), is_live);
        return;
    }
    // Its deadline was too close for a timeout to tell anything.
    if (time_left.was_short()) return;
    // The attempt to deliver knows the job, and tells the link.
    if (!is_live && was_reached()) return;
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    // Without a status the client left first, which tells nothing.
    if (status === "502" || status === "504") links.failed(link, later(clock.now(), -seconds_since_attempt()));
}

/**
 * Learns whether the link works from the attempts of the present request; the last one may still go on. `is_live`: whether a client
 * waits for the response. Phases: header_filter, log.
 */
export function learn(link: Link, is_live: boolean): void {
    const header_seconds = request.seconds("upstream_header_time");
    // The response came from the cache.
    if (header_seconds === undefined) return;
    if (header_seconds < 0) {
        learn_from_failure(link, is_live);
        return;
    }
    // The response began before its body was sent.
    const seconds = request.seconds("upstream_response_time") ?? -1;
    links.answered(link, later(clock.now(), -math.max(0, seconds - header_seconds)), is_live);
}

/** Whether the response comes from the other end, or is a fresh one from the cache. Phases: header_filter. */
export function is_of_other_end(cache_status: string | undefined): boolean {
    if (cache_status === "HIT" || cache_status === "REVALIDATED" || cache_status === "NEAR") return true;
    return request.last_seconds("upstream_header_time") !== undefined;
}
